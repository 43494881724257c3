import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdsRevision, noteCovered, runsRevision } from './agent-revisions.ts';
import { agentById, insertAgent, takeOverSession, writeUnderEpoch } from './agents.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

describe('the revision an agent is at', () => {
  const agent = { desired_generation: 5, covered_revision: 9, acked_generation: 5, running_generation: 4 };

  it('is at least that of the generation', () => {
    expect(runsRevision(agent, 4)).toBe(true);
    expect(runsRevision(agent, 5)).toBe(false);
  });

  it('is the one that its generation is known to hold for, once it is what the agent should have', () => {
    expect(holdsRevision(agent, 9)).toBe(true);
    expect(holdsRevision(agent, 10)).toBe(false);
    expect(runsRevision({ ...agent, running_generation: 5 }, 9)).toBe(true);
  });
});

describeEachDialect('coverage', (create) => {
  let store: Store;
  let agentId: string;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
    const agent = { siteId: 'sit-1', name: 'edge1', roles: ['nginx'] as const, machineId: 'm' };
    agentId = await store.transaction((tx) => insertAgent(tx, agent, { serial: '0a', expiresAt: 5 }));
  });
  afterAll(() => store.close());

  const covered = async () => (await agentById(store.db, agentId))?.covered_revision;
  const note = (epoch: number, generation: number, revision: number) =>
    store.transaction((tx) => noteCovered(tx, { agentId, epoch, generation, revision }));
  const open = () =>
    takeOverSession(store, {
      agentId,
      sessionId: 'ses-1',
      replicaId: 'rep-1',
      version: '1',
      capabilities: [],
      heldEpoch: 0n,
      heldGeneration: 5n,
      runningGeneration: 5n,
    });

  it('is of the newest session, about the newest generation, and never less than it was', async () => {
    await open();
    const epoch = (await open())?.epoch ?? 0;
    await store.transaction((tx) => writeUnderEpoch(tx, agentId, epoch, { desired_generation: 5 }));
    await note(epoch - 1, 5, 7);
    await note(epoch, 4, 7);
    expect(await covered()).toBe(0);
    await note(epoch, 5, 7);
    await note(epoch, 5, 6);
    expect(await covered()).toBe(7);
  });

  it('is forgotten when another session takes over', async () => {
    await open();
    expect(await covered()).toBe(0);
  });
});
