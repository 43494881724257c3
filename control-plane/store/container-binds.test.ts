import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  bindSecretFits,
  confirmBindSecret,
  containerBind,
  isCurrentSecret,
  renewBindSecret,
} from './container-binds.ts';
import { directoryChangesSince, directoryRevision } from './directory-changes.ts';
import { createSetupToken, pruneSetupTokens, useSetupToken } from './guest-setup-tokens.ts';
import { openStore } from './open.ts';
import { sampleContainer, seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

const CONTAINER = 'ctr-000001';
const DAY = 24 * 3_600_000;

describeEachDialect('what containers bind with', (create) => {
  const clock = new VirtualClock();
  let store: Store;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1), clock });
    await seedSite(store);
  });
  beforeEach(async () => {
    await store.db.deleteFrom('containers').execute();
    await store.db.insertInto('containers').values(sampleContainer(1)).execute();
  });
  afterAll(() => store.close());

  const renew = (kept: Parameters<typeof renewBindSecret>[2]) =>
    store.transaction((tx) => renewBindSecret(tx, CONTAINER, kept));
  const works = async (secret: string) => {
    const row = await containerBind(store.db, CONTAINER);
    return row !== undefined && bindSecretFits(row, secret, clock.now());
  };
  const confirm = () =>
    store.transaction(async (tx) => {
      const row = await containerBind(tx.db, CONTAINER);
      if (row) await confirmBindSecret(tx, row);
    });

  it('is kept as a hash, and what the directory shows of the container moves on', async () => {
    const before = await directoryRevision(store.db);
    const secret = await renew('nothing');
    expect(secret).toMatch(/^beb_[\w-]{43}$/);
    expect(JSON.stringify(await containerBind(store.db, CONTAINER))).not.toContain(secret);
    const changes = await directoryChangesSince(store.db, before);
    expect(changes).toMatchObject([{ kind: 'container', object_id: CONTAINER }]);
    expect(await works(secret)).toBe(true);
    expect(await works(`${secret}x`)).toBe(false);
    expect(await works('')).toBe(false);
  });

  it('goes on working beside its successor until that is confirmed, and a little longer', async () => {
    const first = await renew('nothing');
    const second = await renew({ secret: first });
    await clock.advance(29 * DAY);
    expect([await works(first), await works(second)]).toEqual([true, true]);
    await confirm();
    expect(await works(first)).toBe(true);
    await clock.advance(6 * 60_000);
    expect([await works(first), await works(second)]).toEqual([false, true]);
  });

  it('is still there for a guest that lost the answers to all its exchanges', async () => {
    const held = await renew('nothing');
    for (let lost = 0; lost < 5; lost++) {
      await renew({ secret: held });
      await clock.advance(DAY);
      expect(await works(held)).toBe(true);
    }
    const row = await containerBind(store.db, CONTAINER);
    expect(row && isCurrentSecret(row, held)).toBe(false);
  });

  it('ends at once, with its former one, when nothing is to be kept', async () => {
    const first = await renew('nothing');
    const second = await renew({ secret: first });
    const third = await renew('nothing');
    expect([await works(first), await works(second), await works(third)]).toEqual([false, false, true]);
    const fourth = await renew('current');
    expect([await works(third), await works(fourth)]).toEqual([true, true]);
  });

  it('cannot be brought back by keeping one that is no longer in use', async () => {
    const first = await renew('nothing');
    await renew('nothing');
    await renew({ secret: first });
    expect(await works(first)).toBe(false);
  });

  it('is fetched with a token that works once and not for long', async () => {
    const token = (expiresAt: number) =>
      store.transaction((tx) => createSetupToken(tx, { containerId: CONTAINER, createdBy: 'usr-1', expiresAt }));
    const use = (secret: string) => store.transaction((tx) => useSetupToken(tx, secret));
    const good = await token(clock.now() + 1_000);
    expect(await use(good)).toMatchObject({ container_id: CONTAINER, created_by: 'usr-1' });
    expect(await use(good)).toBeUndefined();
    expect(await use(await token(clock.now()))).toBeUndefined();
    await token(clock.now() + 1_000);
    await clock.advance(1_000);
    await store.transaction((tx) => pruneSetupTokens(tx));
    expect(await store.db.selectFrom('guest_setup_tokens').selectAll().execute()).toEqual([]);
  });
});
