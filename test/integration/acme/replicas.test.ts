import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEachDialect } from '../../support/database-each.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AcmeWorld } from './world.ts';

const NAMES = 16;

describeEachDialect('two replicas that keep certificates', (create, dialect) => {
  let world: AcmeWorld;
  beforeAll(async () => {
    world = await AcmeWorld.open({ databaseUrl: (await create()).url });
  });
  afterAll(() => world.close());

  it('make one order for each name, however both look for what is due', async () => {
    const account = await world.account();
    // Of SQLite there is one control plane only, which takes whatever it finds for its own.
    const replicas = dialect === 'sqlite' ? 1 : 2;
    for (let i = 0; i < replicas; i++) await world.keep();
    const domain = await world.domain('many.example', { acme_account_id: account });
    const names = Array.from({ length: NAMES }, (_, i) => `n${i}.many.example`);
    await world.names(domain, names);
    const valid = async () => {
      const rows = await world.store.db.selectFrom('managed_certificates').selectAll().execute();
      return rows.filter(({ state }) => state === 'valid');
    };
    await waitFor(async () => (await valid()).length === NAMES, { timeoutMs: 50_000, what: 'all certificates' });
    expect(world.proxy.orders.map((order) => order.names[0]).sort()).toEqual([...names].sort());
    expect((await valid()).every((row) => row.leased_by === null || row.ari_next_look_at > 0)).toBe(true);
    const registered = world.proxy.requests.filter((line) => line === 'POST /sign-me-up');
    const stored = await world.store.db.selectFrom('acme_accounts').select('account_url').execute();
    expect(stored).toEqual([{ account_url: expect.stringContaining('/my-account/') }]);
    expect(registered.length).toBeGreaterThanOrEqual(1);
  });
});
