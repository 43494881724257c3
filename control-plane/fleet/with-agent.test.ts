import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent } from '@berth/agents/shared/agent.ts';
import { FakeRole } from '@berth/agents/shared/testing/fake-role.ts';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentById } from '../store/agents.ts';
import { commandOutcome, queueCommand } from '../store/commands.ts';
import { siteRevision } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import type { Fleet } from './fleet.ts';
import { joinAgent, startAgent, startFleet } from './test-agent.ts';
import { addAgent, addContainer, addSite, memoryStore } from './test-site.ts';

const clock = systemClock;

let store: Store;
let siteId: string;
let agentId: string;
let fleet: Fleet;
let directory: string;
let role: FakeRole;
let agent: Agent;

beforeEach(async () => {
  store = await memoryStore(clock);
  siteId = await addSite(store);
  agentId = await addAgent(store, siteId, ['dnsmasq']);
  fleet = await startFleet(store);
  directory = await mkdtemp(join(tmpdir(), 'berth-fleet-'));
  agent = await newAgent();
});

afterEach(async () => {
  await agent.stop();
  await fleet.stop();
  await store.close();
  await rm(directory, { recursive: true });
});

function newAgent(): Promise<Agent> {
  role = new FakeRole();
  return startAgent(role, directory);
}

const connect = () => joinAgent(fleet, agent, agentId);

/** Waits until the agent's row says that its host runs the site's newest revision. */
function converged(): Promise<unknown> {
  return waitFor(
    async () => (await agentById(store.db, agentId))?.running_generation === (await siteRevision(store.db, siteId)),
    { what: 'the agent to run the newest revision' },
  );
}

const conditions = () => store.db.selectFrom('conditions').selectAll().execute();
const applied = () => [...(role.applied.at(-1)?.resources.keys() ?? [])].sort();

test('an agent follows its site, over breaks of its link and restarts of both ends', async () => {
  const first = await addContainer(store, siteId, 1);
  const cut = connect();
  await converged();
  expect(applied()).toEqual([`nameRecord/${first}`, `reservation/${first}`]);

  const second = await addContainer(store, siteId, 2);
  await converged();
  expect(applied()).toContain(`reservation/${second}`);

  cut();
  const third = await addContainer(store, siteId, 3);
  await fleet.stop();
  fleet = await startFleet(store);
  await agent.stop();
  agent = await newAgent();
  expect(applied()).not.toContain(`reservation/${third}`);
  connect();
  await converged();
  expect(applied()).toContain(`reservation/${third}`);
});

test('what a role sets aside is a condition until somebody asks for another try and it is well', async () => {
  const id = await addContainer(store, siteId, 1);
  const fault = { resource: { kind: 'reservation', name: id }, stage: 'validate', stderrTail: 'duplicate address' };
  role.onApply = () => ({ status: 'running', errors: [fault], timingsMs: {} });
  connect();
  await converged();
  expect(await conditions()).toMatchObject([{ kind: 'quarantined', container_id: id, message: 'duplicate address' }]);
  role.onApply = () => ({ status: 'running', errors: [], timingsMs: {} });
  await fleet.retry(agentId);
  await waitFor(async () => (await conditions()).length === 0, { what: 'it to heal' });
});

test('a command is executed once and answered, even when its answer is lost on the way', async () => {
  role.onExecute = async (_, { progress }) => {
    progress('working');
    return { ok: true, success: { warnings: ['slow'] } };
  };
  const task = { case: 'releaseLease' as const, value: { mac: 'bc:24:11:00:00:01', address: '10.64.0.10' } };
  const cut = connect();
  const id = await store.transaction((tx) => queueCommand(tx, { agentId, task, deadlineMs: 60_000 }));
  await waitFor(() => role.executed.length > 0, { what: 'the command to begin' });
  cut();
  connect();
  const { outcome } = await commandOutcome(store, id, AbortSignal.timeout(5_000));
  expect(outcome).toMatchObject({ case: 'success', value: { warnings: ['slow'] } });
  expect(role.executed).toEqual([id]);
});
