import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AcmeWorld } from './world.ts';

describe('orders at pebble', () => {
  let world: AcmeWorld;
  beforeAll(async () => {
    world = await AcmeWorld.open();
    await world.keep();
  });
  afterAll(() => world.close());

  it('a name gets its certificate over HTTP-01, on P-256, and its order is over', async () => {
    const account = await world.account();
    const domain = await world.domain('one.example', { acme_account_id: account });
    await world.names(domain, ['web.one.example']);
    const row = await world.until('web.one.example', ({ state }) => state === 'valid');
    expect(row).toMatchObject({ order_url: '', order_key_box: null, progress: '', failures: 0, last_error: '' });
    const served = await world.served('web.one.example');
    const leaf = new X509Certificate(served?.chain_pem ?? '');
    expect(leaf.checkHost('web.one.example')).toBeTruthy();
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(served).toMatchObject({
      name: 'web.one.example',
      self_signed: 0,
      issuer: expect.stringContaining('Pebble'),
    });
    expect(world.asked.some((question) => question.startsWith('web.one.example '))).toBe(true);
    expect(await world.store.db.selectFrom('acme_challenges').selectAll().execute()).toEqual([]);
  });
});
