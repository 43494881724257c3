import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from './run.ts';
import { IdentityStore } from './shared/identity.ts';
import { TestAuthority } from './shared/testing/authority.ts';
import { FakeControlPlane } from './shared/testing/fake-control-plane.ts';
import { heldSet, snapshotOf } from './shared/testing/resources.ts';
import { readStatus } from './status.ts';

let stateDir: string;
let control: FakeControlPlane;
let children: ChildProcess[];

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'berth-run-'));
  const authority = await TestAuthority.create();
  control = new FakeControlPlane(authority);
  await control.start();
  await new IdentityStore(stateDir).write(await authority.identity(`127.0.0.1:${control.port}`));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  control.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function spawned(): Promise<{ child: ChildProcess; log: () => string }> {
  const config = join(stateDir, 'agent.json');
  await writeFile(config, JSON.stringify({ stateDir, roles: { proxmox: {} } }));
  const program = join(import.meta.dirname, 'berth-agent.js');
  const child = spawn(process.execPath, [program, 'run', '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return { child, log: () => text };
}

const running = (generation: string) =>
  waitFor(async () => (await readStatus(stateDir))?.runningGeneration === generation, {
    what: `generation ${generation}`,
  });

describe('berth-agent run', () => {
  it('takes desired state, survives SIGKILL and ends on SIGTERM', async () => {
    const first = await spawned();
    await waitFor(() => control.streams.length === 1, { what: 'the session' });
    control.say({ case: 'config', value: snapshotOf(heldSet(1n, 4n, [])) });
    await running('4');
    first.child.kill('SIGKILL');
    control.stop();
    const second = await spawned();
    await waitFor(() => second.log().includes('agent ready'), { what: 'a start without a control plane' });
    const ended = new Promise((resolve) => second.child.once('exit', (code, signal) => resolve([code, signal])));
    second.child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(await readStatus(stateDir)).toMatchObject({ agentId: 'agt-1', held: { epoch: '1', generation: '4' } });
  });

  it('says that a host is not enrolled', async () => {
    const config = { stateDir: join(stateDir, 'empty'), logLevel: 'error', roles: { proxmox: {} } } as const;
    await expect(startAgent({ ...config, roles: { proxmox: {} } })).rejects.toThrow('not enrolled');
    expect(await readStatus(config.stateDir)).toBeUndefined();
  });
});
