import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  activeAgentsOf,
  agentById,
  clearSessionsOf,
  endSession,
  flushLastSeen,
  insertAgent,
  revokeAgent,
  rolesOf,
  setAgentCertificate,
  type TakeOver,
  takeOverSession,
  writeUnderEpoch,
} from './agents.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

const SITE = 'sit-1';

describeEachDialect('agents', (create) => {
  let store: Store;
  let id: string;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
  });
  beforeEach(async () => {
    await store.db.deleteFrom('agents').execute();
    const agent = { siteId: SITE, name: 'edge1', roles: ['nginx', 'dnsmasq'] as const, machineId: 'm' };
    id = await store.transaction((tx) => insertAgent(tx, agent, { serial: '0a', expiresAt: 5 }));
  });
  afterAll(() => store.close());

  const takeOver = (change: Partial<TakeOver> = {}) =>
    takeOverSession(store, {
      agentId: id,
      sessionId: 'ses-1',
      replicaId: 'rep-1',
      version: '1',
      capabilities: ['nginx/1.22.1'],
      heldEpoch: 0n,
      heldGeneration: 3n,
      runningGeneration: 2n,
      ...change,
    });

  it('begin without a session and with their roles', async () => {
    const row = await agentById(store.db, id);
    expect(row && rolesOf(row)).toEqual(['nginx', 'dnsmasq']);
    expect(row).toMatchObject({ epoch: 0, session_id: null, certificate_serial: '0a', rejected_message: '' });
    expect((await activeAgentsOf(store.db, SITE)).map((agent) => agent.id)).toEqual([id]);
  });

  it('get a higher epoch at every take-over, however many come at once', async () => {
    const rows = await Promise.all([1, 2, 3, 4].map((n) => takeOver({ sessionId: `ses-${n}` })));
    expect(rows.map((row) => row?.epoch).sort()).toEqual([1, 2, 3, 4]);
    const last = rows.find((row) => row?.epoch === 4);
    expect(await agentById(store.db, id)).toEqual(last);
    expect(last).toMatchObject({ acked_generation: 3, running_generation: 2, capabilities: '["nginx/1.22.1"]' });
    expect((await takeOver({ heldEpoch: 40n }))?.epoch).toBe(41);
  });

  it('are written to by their newest session only, also when nothing changes', async () => {
    await takeOver();
    await takeOver();
    const write = (epoch: number) =>
      store.transaction((tx) => writeUnderEpoch(tx, id, epoch, { desired_generation: 7, rejected_message: '' }));
    expect(await write(1)).toBe(false);
    expect(await write(2)).toBe(true);
    expect(await write(2)).toBe(true);
    await endSession(store, id, 1, 9);
    expect((await agentById(store.db, id))?.session_id).toBe('ses-1');
    await endSession(store, id, 2, 9);
    expect(await agentById(store.db, id)).toMatchObject({ session_id: null, replica_id: null, last_seen_at: 9 });
  });

  it('lose the sessions of a replica that died, and only those', async () => {
    await takeOver({ replicaId: 'rep-2' });
    await clearSessionsOf(store, 'rep-1');
    expect((await agentById(store.db, id))?.session_id).toBe('ses-1');
    await clearSessionsOf(store, 'rep-2');
    expect((await agentById(store.db, id))?.session_id).toBeNull();
  });

  it('once revoked, get no session and no certificate', async () => {
    expect(await store.transaction((tx) => setAgentCertificate(tx, id, { serial: '0b', expiresAt: 6 }))).toBe(true);
    expect(await store.transaction((tx) => revokeAgent(tx, id))).toBe(true);
    expect(await store.transaction((tx) => revokeAgent(tx, id))).toBe(false);
    expect(await takeOver()).toBeUndefined();
    expect(await takeOver({ agentId: 'agt-unknown' })).toBeUndefined();
    expect(await store.transaction((tx) => setAgentCertificate(tx, id, { serial: '0c', expiresAt: 7 }))).toBe(false);
    expect(await agentById(store.db, id)).toMatchObject({ status: 'revoked', certificate_serial: '0b' });
    expect(await activeAgentsOf(store.db, SITE)).toEqual([]);
  });

  it('are noted as heard, many at once', async () => {
    await flushLastSeen(store, new Map());
    await flushLastSeen(store, new Map([[id, 77]]));
    expect((await agentById(store.db, id))?.last_seen_at).toBe(77);
  });
});
