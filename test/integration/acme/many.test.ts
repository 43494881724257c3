import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { AcmeWorld } from './world.ts';

const MANY = 200;
let world: AcmeWorld;
beforeAll(async () => {
  world = await AcmeWorld.open();
});
afterAll(() => world.close());

it('200 domains get their certificates in one go, one order each', async () => {
  const account = await world.account();
  const names = Array.from({ length: MANY }, (_, i) => `d${i}.example`);
  for (const name of names) {
    const domain = await world.domain(name, { acme_account_id: account });
    await world.names(domain, [`www.${name}`]);
  }
  await world.keep();
  await waitFor(
    async () => {
      const query = world.store.db.selectFrom('managed_certificates').select('id').where('state', '=', 'valid');
      return (await query.execute()).length === MANY;
    },
    { timeoutMs: 150_000, intervalMs: 250, what: 'all certificates' },
  );
  const ordered = world.proxy.orders.map((order) => order.names[0]);
  expect(ordered.toSorted()).toEqual(names.map((name) => `www.${name}`).toSorted());
}, 200_000);
