/**
 * kill -9 at every step of create and of delete: the operation finishes or is undone, and nothing is left over. Each
 * victim has a test file of its own, so that they share the machine's cores.
 */
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState, OperationsService, StepState } from '@berth/proto/api/v1/operations_pb.js';
import { createClient, type Transport } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, type Lab } from '../../lab/lab.ts';
import type { Program } from '../../lab/program.ts';
import { waitFor } from '../../support/wait-for.ts';
import { askFor, ended, find, made, removed } from './containers.ts';
import { leftovers } from './leftovers.ts';

const CREATE = ['await-name', 'create-guest', 'start-guest', 'await-lease', 'await-routes', 'probe', 'finish'];
const DELETE = ['withdraw-routes', 'delete-guest', 'release-lease', 'release', 'withdraw-name'];

/** Kills a program once a step has begun, and starts it again. */
async function killAt(transport: Transport, operation: string, step: string, victim: Program): Promise<void> {
  const client = createClient(OperationsService, transport);
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

/** Tests for one program, in a lab of their own. */
export function killsAtEveryStep(victim: (lab: Lab) => Program): void {
  let lab: Lab;
  let count = 0;

  beforeAll(async () => {
    lab = await createLab();
  });

  afterAll(() => lab?.destroy());

  test.each(CREATE)('while a create is at "%s"', async (step) => {
    const { container, operation } = await askFor(lab, `t${count++}-killed`);
    await killAt(lab.api.transport, operation.id, step, victim(lab));
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
    await killAt(lab.api.transport, operation?.id ?? '', step, victim(lab));
    expect((await ended(lab.api.transport, operation?.id ?? '')).state).toBe(OperationState.SUCCEEDED);
    expect(await find(lab, container.id)).toBeUndefined();
    await waitFor(async () => (await leftovers(lab)).length === 0, { what: 'nothing to be left' }).catch(async () => {
      expect(await leftovers(lab)).toEqual([]);
    });
  });
}
