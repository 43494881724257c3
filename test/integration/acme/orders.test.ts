import { X509Certificate } from 'node:crypto';
import { revokeCertificate } from '@berth/control-plane/acme/revoke.ts';
import { bumpSite } from '@berth/control-plane/store/site-changes.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { type DnsHook, startDnsHook } from './dns-hook.ts';
import { AcmeWorld } from './world.ts';

describe('orders at pebble', () => {
  let world: AcmeWorld;
  let hook: DnsHook;
  let account: string;
  beforeAll(async () => {
    world = await AcmeWorld.open();
    hook = await startDnsHook(world);
    account = await world.account();
    await world.keep();
  });
  afterAll(async () => {
    await world.close();
    await hook.close();
  });
  const challenges = () => world.store.db.selectFrom('acme_challenges').selectAll().execute();

  it('a name gets its certificate over HTTP-01, on P-256, and its order is over', async () => {
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
    expect(await challenges()).toEqual([]);
  });

  it('a domain gets one certificate for itself and all below it over DNS-01, with two values of one record', async () => {
    const change = {
      acme_account_id: account,
      certificate_scope: 'wildcard',
      dns_provider_id: hook.providerId,
    } as const;
    await world.domain('wild.example', change);
    await world.until('wild.example', ({ state }) => state === 'valid');
    const served = await world.served('wild.example');
    const leaf = new X509Certificate(served?.chain_pem ?? '');
    for (const host of ['wild.example', 'any.wild.example']) expect(leaf.checkHost(host)).toBeTruthy();
    expect(served?.name).toBe('');
    expect(hook.calls.filter((call) => call === 'present _acme-challenge.wild.example')).toHaveLength(2);
    await waitFor(async () => (await challenges()).length === 0, { what: 'the records to be taken away' });
    expect(hook.calls.filter((call) => call === 'remove _acme-challenge.wild.example')).toHaveLength(2);
  });

  it('what the authority suggests is followed, told whom the new one replaces, and a new key made', async () => {
    const before = await world.until('web.one.example', ({ ari_next_look_at: at }) => at > Date.now());
    expect(before.next_try_reason).toBe('the authority suggests it (ARI)');
    const former = await world.served('web.one.example');
    const now = Date.now();
    const explanationURL = 'https://ca.example/why';
    const window = { start: new Date(now - 60_000), end: new Date(now - 1_000), explanationURL };
    world.proxy.windows.set(before.ari_id, window);
    // One issued just now would be kept for an hour, whatever is suggested.
    const issued = { created_at: now - 2 * 3_600_000 };
    await world.store.db
      .updateTable('certificates')
      .set(issued)
      .where('id', '=', before.certificate_id ?? '')
      .execute();
    await world.store.db
      .updateTable('managed_certificates')
      .set({ ari_next_look_at: now })
      .where('id', '=', before.id)
      .execute();
    const after = await world.until('web.one.example', (row) => row.state === 'valid' && row.ari_id !== before.ari_id);
    expect(world.proxy.orders.at(-1)).toEqual({ names: ['web.one.example'], replaces: before.ari_id });
    const served = await world.served('web.one.example');
    expect(served?.serial).not.toBe(former?.serial);
    const keyOf = (pem = '') => new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' });
    expect(keyOf(served?.chain_pem)).not.toBe(keyOf(former?.chain_pem));
    expect(after.failures).toBe(0);
    const left = await world.store.db
      .selectFrom('certificates')
      .select('id')
      .where('name', '=', 'web.one.example')
      .execute();
    expect(left).toHaveLength(1);
  });

  it('a revoked certificate is known as such to the authority and another takes its place', async () => {
    const before = await world.until('web.one.example', ({ state }) => state === 'valid');
    await revokeCertificate({ store: world.store, clock: world.store.clock }, before.id, 1);
    const after = await world.until('web.one.example', (row) => row.state === 'valid' && row.certificate_id !== null);
    expect(after.certificate_id).not.toBe(before.certificate_id);
    expect(world.proxy.requests.some((line) => line.startsWith('POST /revoke-cert'))).toBe(true);
  });

  it('a name that goes takes its row and its key with it', async () => {
    const { siteId } = world.site;
    await world.store.transaction(async (tx) => {
      await tx.db.deleteFrom('services').execute();
      await bumpSite(tx, siteId, null);
    });
    await world.gone('web.one.example');
  });
});
