// kill -9 at every step of create and of delete, of the control plane and of each agent: the operation finishes or is
// undone, and nothing is left over.

import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState, OperationsService, StepState } from '@berth/proto/api/v1/operations_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import type { Program } from '../lab/program.ts';
import { waitFor } from '../support/wait-for.ts';
import { askFor, ended, find, made, removed } from './support/containers.ts';
import { leftovers } from './support/leftovers.ts';

const CREATE = ['await-name', 'create-guest', 'start-guest', 'await-lease', 'await-routes', 'probe', 'finish'];
const DELETE = ['withdraw-routes', 'delete-guest', 'release-lease', 'release', 'withdraw-name'];

let lab: Lab;
let count = 0;

beforeAll(async () => {
  lab = await createLab();
});

afterAll(() => lab?.destroy());

const VICTIMS: [string, () => Program][] = [
  ['control plane', () => lab.controlPlane],
  ['dnsmasq agent', () => lab.agents.dns],
  ['nginx agent', () => lab.agents.web],
  ['proxmox agent', () => lab.agents.pve],
];

/** Kills a program once a step has begun, and starts it again. */
async function killAt(operation: string, step: string, victim: Program): Promise<void> {
  const client = createClient(OperationsService, lab.api.transport);
  await waitFor(
    async () => {
      const { operation: now } = await client.getOperation({ operation });
      const state = now?.steps.find((s) => s.name === step)?.state ?? StepState.UNSPECIFIED;
      return state > StepState.PENDING;
    },
    { timeoutMs: 60_000, intervalMs: 5, what: `step ${step}` },
  );
  await victim.stop('SIGKILL');
  await victim.start();
}

describe.each(VICTIMS)('the %s is killed', (_name, victim) => {
  test.each(CREATE)('while a create is at "%s"', async (step) => {
    const { container, operation } = await askFor(lab, `t${count++}-killed`);
    await killAt(operation.id, step, victim());
    const end = await ended(lab.api.transport, operation.id);
    if (end.state === OperationState.SUCCEEDED)
      expect((await removed(lab, container.id)).state).toBe(OperationState.SUCCEEDED);
    expect(await find(lab, container.id)).toBeUndefined();
    await waitFor(async () => (await leftovers(lab)).length === 0, { what: 'nothing to be left' }).catch(async () => {
      expect(await leftovers(lab)).toEqual([]);
    });
  });

  test.each(DELETE)('while a delete is at "%s"', async (step) => {
    const container = await made(lab, `t${count++}-killed`);
    const client = createClient(ContainersService, lab.api.transport);
    const { operation } = await client.deleteContainer({ container: container.id });
    await killAt(operation?.id ?? '', step, victim());
    expect((await ended(lab.api.transport, operation?.id ?? '')).state).toBe(OperationState.SUCCEEDED);
    expect(await find(lab, container.id)).toBeUndefined();
    await waitFor(async () => (await leftovers(lab)).length === 0, { what: 'nothing to be left' }).catch(async () => {
      expect(await leftovers(lab)).toEqual([]);
    });
  });
});
