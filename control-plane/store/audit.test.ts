import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { audit } from './audit.ts';
import { insertContainer } from './containers.ts';
import { openStore } from './open.ts';
import { sampleContainer, seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

describeEachDialect('the audit', (create) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
    await store.transaction((tx) => insertContainer(tx, sampleContainer(1)));
    await write('container.update', 'container', 'ctr-000001');
  });
  afterAll(() => store?.close());

  const write = (action: string, objectKind: string, objectId: string, change: Record<string, unknown> = {}) =>
    store.transaction((tx) =>
      audit(tx, { userId: 'usr-1', action, siteId: 'sit-1', objectKind, objectId, change, requestId: 'req-1' }),
    );
  const rows = () => store.db.selectFrom('audit').selectAll().orderBy('id').execute();

  it('keeps the names of its time', async () => {
    const [row] = await rows();
    expect(row).toMatchObject({ user_name: 'ada', object_name: 'lab/web1', container_id: 'ctr-000001' });
  });

  it('calls what is gone as its change does', async () => {
    await write('group.delete', 'group', 'grp-gone', { name: 'course' });
    expect((await rows()).at(-1)).toMatchObject({ object_name: 'course', container_id: null });
  });

  it('cannot be changed or thinned out, whoever asks the database', async () => {
    const before = await rows();
    const { db } = store;
    const refused = 'rows of audit are never changed or deleted';
    await expect(db.updateTable('audit').set({ user_name: 'sam' }).execute()).rejects.toThrow(refused);
    await expect(db.deleteFrom('audit').where('action', '=', 'container.update').execute()).rejects.toThrow(refused);
    expect(await rows()).toEqual(before);
  });
});
