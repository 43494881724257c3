import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consumeJoinToken, createJoinToken, joinTokenBySecret, pruneJoinTokens } from './join-tokens.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

describeEachDialect('join tokens', (create) => {
  const clock = new VirtualClock();
  let store: Store;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1), clock });
    await seedSite(store);
  });
  afterAll(() => store.close());

  const invite = () =>
    store.transaction((tx) =>
      createJoinToken(tx, { siteId: 'sit-1', roles: ['nginx'], expiresAt: tx.now + 1_000, createdBy: 'usr-1' }),
    );

  it('are found by their secret, of which only a hash is kept', async () => {
    const { id, token } = await invite();
    const row = await joinTokenBySecret(store.db, token);
    expect(row).toMatchObject({ id, roles: '["nginx"]', consumed_at: null });
    expect(JSON.stringify(row)).not.toContain(token);
    expect(await joinTokenBySecret(store.db, `${token}x`)).toBeUndefined();
    expect((await invite()).token).not.toBe(token);
  });

  it('are used once, however many try at once', async () => {
    const { id, token } = await invite();
    const use = (n: number) =>
      store.transaction((tx) =>
        consumeJoinToken(tx, id, { keyHash: String(n).repeat(64), agentId: `agt-${n}`, chainPem: `chain ${n}` }),
      );
    const used = await Promise.all([1, 2, 3, 4].map(use));
    expect(used.filter(Boolean)).toHaveLength(1);
    const winner = used.indexOf(true) + 1;
    expect(await joinTokenBySecret(store.db, token)).toMatchObject({
      agent_id: `agt-${winner}`,
      chain_pem: `chain ${winner}`,
      consumed_at: clock.now(),
    });
  });

  it('go some time after their end', async () => {
    const { token } = await invite();
    await store.transaction((tx) => pruneJoinTokens(tx, tx.now + 1_000));
    expect(await joinTokenBySecret(store.db, token)).toBeDefined();
    await store.transaction((tx) => pruneJoinTokens(tx, tx.now + 1_001));
    expect(await joinTokenBySecret(store.db, token)).toBeUndefined();
  });
});
