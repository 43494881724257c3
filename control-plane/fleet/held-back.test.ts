// What agents do when their control plane was restored from a backup: real agents' cores, the real fleet, real restores.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Agent } from '@berth/agents/shared/agent.ts';
import { FakeRole } from '@berth/agents/shared/testing/fake-role.ts';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBackup } from '../backup/backup.ts';
import { restoreBackup } from '../backup/restore.ts';
import { runsRevision } from '../store/agent-revisions.ts';
import { agentById } from '../store/agents.ts';
import { commandOutcome, queueCommand } from '../store/commands.ts';
import { openStore } from '../store/open.ts';
import { claimOperations, insertOperation } from '../store/operations.ts';
import { letFollow } from '../store/restored-agents.ts';
import { bumpSite, siteRevision } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import type { Fleet } from './fleet.ts';
import { joinAgent, startAgent, startFleet } from './test-agent.ts';
import { addAgent, addContainer, addSite } from './test-site.ts';

const clock = systemClock;
const KEY = new Uint8Array(randomBytes(32));
const MASTER_KEY = new Uint8Array(randomBytes(32));

let directory: string;
let url: string;
let store: Store;
let fleet: Fleet;
let siteId: string;
let agentId: string;
let role: FakeRole;
let agent: Agent;
let cut: () => void;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-held-'));
  url = `sqlite:${directory}/first.db`;
  store = await openStore({ url, masterKey: MASTER_KEY });
  siteId = await addSite(store);
  agentId = await addAgent(store, siteId, ['dnsmasq']);
  fleet = await startFleet(store);
  role = new FakeRole();
  agent = await startAgent(role, directory);
  cut = connect();
});

afterEach(async () => {
  cut();
  await agent.stop();
  await fleet.stop();
  await store.close();
  await rm(directory, { recursive: true });
});

const connect = () => joinAgent(fleet, agent, agentId);
const backup = () => buffer(makeBackup({ databaseUrl: url, masterKey: MASTER_KEY, now: clock.now() }, KEY));

/** The control plane is gone; another takes its place, with what the backup holds. */
async function restore(bytes: Buffer): Promise<void> {
  cut();
  await fleet.stop();
  await store.close();
  const stateDir = join(directory, 'second');
  url = `sqlite:${stateDir}/berth.db`;
  const target = { databaseUrl: url, masterKeyFile: join(stateDir, 'master.key'), stateDir, now: clock.now() };
  const source = async function* () {
    yield bytes;
  };
  await restoreBackup(source(), KEY, target);
  store = await openStore({ url, masterKey: MASTER_KEY });
  fleet = await startFleet(store);
  cut = connect();
}

const row = async () => {
  const found = await agentById(store.db, agentId);
  if (!found) throw new Error('the agent is gone');
  return found;
};
const converged = () =>
  waitFor(async () => runsRevision(await row(), await siteRevision(store.db, siteId)), { what: 'the agent to follow' });
const condition = () =>
  store.db.selectFrom('conditions').selectAll().where('kind', '=', 'ahead_of_restore').executeTakeFirst();
const told = (words: RegExp) =>
  waitFor(async () => words.test((await condition())?.message ?? ''), { what: `a condition that says ${words}` });
const served = () => [...(role.applied.at(-1)?.resources.keys() ?? [])].filter((key) => key.startsWith('reservation/'));

const confirm = () => store.transaction((tx) => letFollow(tx, { id: agentId }));

async function addOperation(containerId: string): Promise<void> {
  await store.transaction((tx) =>
    insertOperation(tx, {
      id: 'op-1',
      kind: 'container.delete',
      siteId,
      containerId,
      hostname: 'web1',
      userId: 'usr-1',
      requestId: '',
      data: {},
      steps: [{ name: 'only', title: 'Only' }],
      done: 0,
    }),
  );
}

test('an agent that holds more than the backup goes on with it until an administrator confirms', async () => {
  const first = await addContainer(store, siteId, 1);
  await addOperation(first);
  await converged();
  const bytes = await backup();
  const lost = await addContainer(store, siteId, 2);
  await converged();
  const held = (await row()).running_generation;

  await restore(bytes);
  await told(/take away 2 \((address 10\.\S+ of \S+, name \S+|name \S+, address 10\.\S+ of \S+)\)/);
  expect(await row()).toMatchObject({ ahead_generation: held, acked_generation: 0, running_generation: 0 });
  const task = { case: 'releaseLease' as const, value: { mac: 'bc:24:11:00:00:01', address: '10.64.0.10' } };
  await store.transaction((tx) => queueCommand(tx, { agentId, task, deadlineMs: 60_000 }));
  expect(await claimOperations(store, 'me', 1_000, 10)).toEqual([]);

  const third = await addContainer(store, siteId, 3);
  await told(/take away 2 .*add 2/);
  expect(served().sort()).toEqual([`reservation/${first}`, `reservation/${lost}`]);
  expect(runsRevision(await row(), await siteRevision(store.db, siteId))).toBe(false);

  // Another session asks the same again; nothing comes through between.
  cut();
  cut = connect();
  await told(/take away 2 .*add 2/);
  expect(role.executed).toEqual([]);
  expect(served()).toContain(`reservation/${lost}`);

  expect(await confirm()).toBe(true);
  await converged();
  expect(served().sort()).toEqual([`reservation/${first}`, `reservation/${third}`]);
  await waitFor(() => role.executed.length === 1, { what: 'the command that waited' });
  expect(await condition()).toBeUndefined();
  expect((await claimOperations(store, 'me', 1_000, 10)).map(({ id }) => id)).toEqual(['op-1']);
  expect(await confirm()).toBe(false);

  cut();
  cut = connect();
  await addContainer(store, siteId, 4);
  await converged();
  expect((await row()).ahead_generation).toBeNull();
});

test('an agent that holds what the backup knows of, or just what it would be given, follows by itself', async () => {
  await addContainer(store, siteId, 1);
  await converged();
  await restore(await backup());
  await converged();
  expect(await row()).toMatchObject({ ahead_generation: null, restored_revision: null });
  await addContainer(store, siteId, 2);
  await converged();
  expect(served()).toHaveLength(2);
});

test('an agent whose set is newer in number only follows by itself', async () => {
  await addContainer(store, siteId, 1);
  await converged();
  const bytes = await backup();
  const gone = await addContainer(store, siteId, 2);
  await converged();
  await store.transaction(async (tx) => {
    await tx.db.deleteFrom('containers').where('id', '=', gone).execute();
    await bumpSite(tx, siteId, gone);
  });
  await converged();
  await restore(bytes);
  await converged();
  expect(await row()).toMatchObject({ ahead_generation: null, restored_revision: null });
  expect(await condition()).toBeUndefined();
});

test('a command that was carried out after the backup is not carried out again', async () => {
  await converged();
  cut();
  const task = { case: 'releaseLease' as const, value: { mac: 'bc:24:11:00:00:01', address: '10.64.0.10' } };
  const id = await store.transaction((tx) => queueCommand(tx, { agentId, task, deadlineMs: 60_000 }));
  const bytes = await backup();
  role.onExecute = async () => ({ ok: true, success: { warnings: ['done once'] } });
  cut = connect();
  await commandOutcome(store, id, AbortSignal.timeout(5_000));
  await restore(bytes);
  const { outcome } = await commandOutcome(store, id, AbortSignal.timeout(5_000));
  expect(outcome).toMatchObject({ case: 'success', value: { warnings: ['done once'] } });
  expect(role.executed).toEqual([id]);
});
