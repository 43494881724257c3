import { randomBytes } from 'node:crypto';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, expect, it } from 'vitest';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import { bumpSite, pruneSiteChanges, siteChangesSince, siteRevision } from './site-changes.ts';
import type { Store, Topic } from './store.ts';

describeEachDialect('site changes', (create) => {
  let store: Store;
  afterEach(() => store.close());

  async function seeded(): Promise<void> {
    store = await openStore({ url: (await create()).url, masterKey: randomBytes(32) });
    await seedSite(store);
  }

  it('number what moved, without a gap, however many write at once', async () => {
    await seeded();
    const bump = (n: number) => store.transaction((tx) => bumpSite(tx, 'sit-1', `ctr-${n}`));
    const revisions = await Promise.all(Array.from({ length: 30 }, (_, n) => bump(n)));
    expect(revisions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    const changes = await siteChangesSince(store.db, 'sit-1', 20);
    expect(changes.map(({ revision }) => revision)).toEqual(Array.from({ length: 10 }, (_, n) => 21 + n));
    expect(await siteRevision(store.db, 'sit-1')).toBe(30);
  });

  it('leave no trace of a transaction that is taken back', async () => {
    await seeded();
    const failing = store.transaction(async (tx) => {
      await bumpSite(tx, 'sit-1', null);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await siteRevision(store.db, 'sit-1')).toBe(0);
    expect(await siteChangesSince(store.db, 'sit-1', 0)).toEqual([]);
  });

  it('nudge whoever follows the site', async () => {
    await seeded();
    const heard: Topic[] = [];
    store.feed.subscribe((topic) => heard.push(topic));
    await store.transaction((tx) => bumpSite(tx, 'sit-1', null));
    expect(heard).toEqual([{ kind: 'site', id: 'sit-1' }]);
  });

  it('are forgotten up to a revision', async () => {
    await seeded();
    for (let n = 0; n < 3; n++) await store.transaction((tx) => bumpSite(tx, 'sit-1', null));
    await store.transaction((tx) => pruneSiteChanges(tx, 'sit-1', 2));
    expect(await siteChangesSince(store.db, 'sit-1', 0)).toEqual([{ revision: 3, container_id: null }]);
  });

  it('are refused for a site that is not there', async () => {
    await seeded();
    await expect(store.transaction((tx) => bumpSite(tx, 'sit-none', null))).rejects.toThrow();
  });
});
