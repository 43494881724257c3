// What was going on at a backup: none of it is done again by the installation that is restored from it.
import { CommandFailureCode, CommandResultSchema } from '@berth/proto/agent/v1/command_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requireAgents } from '../app/containers/require-agents.ts';
import { insertAgent, takeOverSession } from '../store/agents.ts';
import { commandById, queueCommand } from '../store/commands.ts';
import { openStore } from '../store/open.ts';
import { claimOperations, insertOperation, operationById } from '../store/operations.ts';
import { sampleContainer, seedSite } from '../store/sample-rows.ts';
import type { Store } from '../store/store.ts';
import { finishRestore } from './finish-restore.ts';
import { RESTORED, restoredValue } from './restored.ts';

const CLOCK = new VirtualClock();
const SITE = { id: 'sit-1', name: 'lab' };

let store: Store;
let agentId: string;

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:', masterKey: new Uint8Array(32).fill(7), clock: CLOCK });
  await seedSite(store);
  const agent = { siteId: 'sit-1', name: 'pve', roles: ['proxmox' as const], machineId: 'a'.repeat(32) };
  agentId = await store.transaction((tx) => insertAgent(tx, agent, { serial: '01', expiresAt: tx.now + 86_400_000 }));
  await store.transaction(async ({ db, now }) => {
    const value = restoredValue({ madeAt: '2026-11-30T01:00:00Z', restoredAt: '2026-11-30T02:00:00Z', pending: true });
    await db.insertInto('settings').values({ name: RESTORED, value, secret_box: null, updated_at: now }).execute();
  });
});
afterEach(() => store.close());

async function operation(kind: string, n: number, state: 'pending' | 'running' | 'compensating' | 'succeeded') {
  const id = `op-${n}`;
  const container = sampleContainer(n, { phase: kind === 'container.create' ? 'creating' : 'ready' });
  await store.transaction(async (tx) => {
    await tx.db
      .insertInto('containers')
      .values({ ...container, active_operation_id: id })
      .execute();
    const about = { siteId: 'sit-1', containerId: container.id, hostname: container.hostname };
    const steps = [
      { name: 'reserve', title: 'Reserve' },
      { name: 'create-guest', title: 'Create' },
    ];
    await insertOperation(tx, { id, kind, ...about, userId: 'usr-1', requestId: '', data: {}, steps, done: 1 });
    const held = { state, lease_owner: 'rep-gone.1', lease_until: tx.now + 60_000 };
    await tx.db.updateTable('operations').set(held).where('id', '=', id).execute();
    await tx.db
      .updateTable('operation_steps')
      .set({ state: 'running' })
      .where('operation_id', '=', id)
      .where('position', '=', 1)
      .execute();
    const command = { id: `cmd-${n}`, agentId, operationId: id, task: { case: 'inspectGuest' as const, value: {} } };
    await queueCommand(tx, { ...command, deadlineMs: 60_000 });
  });
  return { id, containerId: container.id, commandId: `cmd-${n}` };
}

const containerOf = (id: string) =>
  store.db.selectFrom('containers').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

test('what was being made or changed ends where it was, and is neither done again nor undone', async () => {
  for (const [n, kind] of ['container.create', 'container.stop', 'container.configure'].entries()) {
    await operation(kind, n + 1, n === 0 ? 'running' : 'pending');
  }
  expect(await finishRestore(store)).toBe(true);
  for (const n of [1, 2, 3]) {
    expect(await operationById(store.db, `op-${n}`)).toMatchObject({ state: 'failed', error_reason: 'restored' });
    expect(await containerOf(`ctr-00000${n}`)).toMatchObject({ phase: 'ready', active_operation_id: null });
    const row = await commandById(store.db, `cmd-${n}`);
    const { outcome } = fromBinary(CommandResultSchema, new Uint8Array(row?.result ?? []));
    expect(outcome).toMatchObject({ case: 'failure', value: { code: CommandFailureCode.CANCELLED } });
  }
  const steps = await store.db.selectFrom('operation_steps').select('state').orderBy('position').execute();
  expect(steps.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'failed', 'failed', 'failed']);
});

test('a deletion and what was being undone go on, once the agents of the site are back', async () => {
  const deletion = await operation('container.delete', 1, 'running');
  const undoing = await operation('container.create', 2, 'compensating');
  await finishRestore(store);
  expect(await claimOperations(store, 'rep-new.1', 1_000, 10)).toEqual([]);
  await expect(requireAgents(store.db, SITE, ['proxmox'])).rejects.toMatchObject({ reason: 'agents_not_confirmed' });
  const take = { agentId, sessionId: 'ses-1', replicaId: 'rep-new', version: '', capabilities: [] };
  await takeOverSession(store, { ...take, heldEpoch: 5n, heldGeneration: 0n, runningGeneration: 0n });
  await requireAgents(store.db, SITE, ['proxmox']);
  const claimed = (await claimOperations(store, 'rep-new.1', 1_000, 10)).map(({ id }) => id).sort();
  expect(claimed).toEqual([deletion.id, undoing.id]);
  // The same command as before: the agent's journal knows whether it was done.
  expect(await commandById(store.db, deletion.commandId)).toMatchObject({ state: 'queued', result: null });
});

test('what opens something once is void but for invitations, and numbers are skipped', async () => {
  await store.transaction(async ({ db, now }) => {
    const times = { created_at: now, expires_at: now + 60_000 };
    const session = { id: 'ses-1', user_id: 'usr-1', last_used_at: now, user_agent: '' };
    await db
      .insertInto('sessions')
      .values({ ...session, ...times, token_hash: 'a'.repeat(64) })
      .execute();
    for (const [n, kind] of (['invitation', 'password-reset'] as const).entries()) {
      const link = { id: `lnk-${n}`, kind, token_hash: String(n).repeat(64), email: 'a@example.org', data: '{}' };
      await db
        .insertInto('mail_links')
        .values({ ...link, ...times, user_id: null, created_by: null, used_at: null })
        .execute();
    }
    const join = { id: 'jtk-1', token_hash: 'b'.repeat(64), site_id: 'sit-1', roles: '["nginx"]', created_by: 'usr-1' };
    const unused = { consumed_at: null, key_hash: null, agent_id: null, chain_pem: null };
    await db
      .insertInto('join_tokens')
      .values({ ...join, ...times, ...unused })
      .execute();
  });
  const before = await store.db.selectFrom('counters').selectAll().orderBy('name').execute();
  await finishRestore(store);
  expect(await store.db.selectFrom('sessions').selectAll().execute()).toEqual([]);
  const links = await store.db.selectFrom('mail_links').select(['kind', 'expires_at']).orderBy('kind').execute();
  expect(links.map(({ kind, expires_at }) => [kind, expires_at > CLOCK.now()])).toEqual([
    ['invitation', true],
    ['password-reset', false],
  ]);
  const [token] = await store.db.selectFrom('join_tokens').select('expires_at').execute();
  expect(token?.expires_at).toBeLessThanOrEqual(CLOCK.now());
  const after = await store.db.selectFrom('counters').selectAll().orderBy('name').execute();
  const raised = after.map(({ name, value }, i) => [name, value - (before[i]?.value ?? 0)]);
  expect(raised).toEqual([
    ['directory_revision', 0],
    ['gid_number', 1_000],
    ['uid_number', 1_000],
  ]);
});

test('it is done once', async () => {
  expect(await finishRestore(store)).toBe(true);
  const before = await store.db.selectFrom('counters').selectAll().execute();
  expect(await finishRestore(store)).toBe(false);
  expect(await store.db.selectFrom('counters').selectAll().execute()).toEqual(before);
});
