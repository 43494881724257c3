import { GuestStatusSchema } from '@berth/proto/agent/v1/command_pb.js';
import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { type MessageInitShape, create as make } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { insertContainer } from './containers.ts';
import { guestStateOf, putGuestStates } from './guest-states.ts';
import { openStore } from './open.ts';
import { sampleContainer, sampleNode, seedSite } from './sample-rows.ts';
import type { Store, Topic } from './store.ts';

const SITE = 'sit-1';

describeEachDialect('guest states', (create) => {
  let store: Store;
  const topics: Topic[] = [];

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
    const token_secret_box = new Uint8Array([1]);
    await store.transaction(async (tx) => {
      await tx.db
        .insertInto('nodes')
        .values([
          { ...sampleNode('nod-2'), token_secret_box },
          { ...sampleNode('nod-3', { cluster: 'other' }), token_secret_box },
        ])
        .execute();
      await insertContainer(tx, sampleContainer(1, { vmid: 101 }));
    });
    store.feed.subscribe((topic) => topics.push(topic));
  });
  beforeEach(async () => {
    await store.db.deleteFrom('guest_states').execute();
    topics.length = 0;
  });
  afterAll(() => store.close());

  const id = 'ctr-000001';
  const report = (...guests: MessageInitShape<typeof GuestStatusSchema>[]) =>
    store.transaction((tx) =>
      putGuestStates(
        tx,
        SITE,
        guests.map((guest) => make(GuestStatusSchema, { node: 'pve-1', vmid: 101, exists: true, ...guest })),
      ),
    );

  it('are kept per container, wherever in its cluster the guest is', async () => {
    await report({ power: PowerState.RUNNING, cpu: 0.5, memoryBytes: 9n, addresses: ['10.66.0.1'] });
    expect(await guestStateOf(store.db, id)).toMatchObject({
      exists_on_node: 1,
      power: 'running',
      cpu_permille: 500,
      memory_bytes: 9,
      addresses: '["10.66.0.1"]',
    });
    await report({ node: 'pve-2', power: PowerState.STOPPED, lock: 'migrate' });
    expect(await guestStateOf(store.db, id)).toMatchObject({ power: 'stopped', lock_name: 'migrate' });
  });

  it('of guests that are no container’s are left out', async () => {
    await report({ vmid: 999 }, { node: 'pve-3' }, { node: 'pve-9' });
    await report();
    expect(await guestStateOf(store.db, id)).toBeUndefined();
  });

  it('tell of a change of state, not of load', async () => {
    await report({ power: PowerState.RUNNING, cpu: 0.1 });
    await report({ power: PowerState.RUNNING, cpu: 0.9 });
    await report({ exists: false });
    await expect.poll(() => topics.filter((topic) => topic.kind === 'container')).toHaveLength(2);
    expect((await guestStateOf(store.db, id))?.exists_on_node).toBe(0);
  });
});
