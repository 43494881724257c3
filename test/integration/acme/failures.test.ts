import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsHook, startDnsHook } from './dns-hook.ts';
import { AcmeWorld } from './world.ts';

const KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

describe('an authority that fails', () => {
  let world: AcmeWorld;
  let hook: DnsHook;
  beforeAll(async () => {
    world = await AcmeWorld.open({ externalAccounts: { 'kid-1': KEY } });
    hook = await startDnsHook(world);
    await world.keep();
  });
  afterAll(async () => {
    await world.close();
    await hook.close();
  });
  const name = (label: string) => `${label}.${label}.example`;
  const ask = async (label: string, account: string) => {
    const domain = await world.domain(`${label}.example`, { acme_account_id: account });
    await world.names(domain, [name(label)]);
  };
  const bound = () => world.account({ eab_key_id: 'kid-1', eabKey: KEY });

  it('and wants an external account says so in its own words, and takes one that is bound', async () => {
    const unbound = await world.account();
    await ask('unbound', unbound);
    const row = await world.until(name('unbound'), ({ state }) => state === 'failed');
    expect(row.last_error).toMatch(/external ?account/i);
    expect(row.next_try_reason).toBe('back-off after 1 failure');
    const stored = await world.store.db
      .selectFrom('acme_accounts')
      .selectAll()
      .where('id', '=', unbound)
      .executeTakeFirst();
    expect(stored?.last_error).toMatch(/external ?account/i);
    await ask('bound', await bound());
    await world.until(name('bound'), ({ state }) => state === 'valid');
  });

  it('for a while is asked again, and the certificate comes when it is back', async () => {
    const account = await bound();
    world.proxy.intercept = () => ({ status: 500 });
    await ask('while', account);
    const failed = await world.until(name('while'), ({ failures }) => failures >= 2);
    expect(failed.last_error).toContain('500');
    world.proxy.intercept = () => undefined;
    await world.until(name('while'), ({ state }) => state === 'valid');
    expect(world.proxy.orders.filter(({ names }) => names.includes(name('while')))).toHaveLength(1);
  });

  it('with a rate limit is left alone for as long as it says', async () => {
    const account = await bound();
    world.proxy.intercept = (path) =>
      path === '/order-plz'
        ? {
            status: 429,
            headers: { 'retry-after': '3600' },
            body: {
              type: 'urn:ietf:params:acme:error:rateLimited',
              detail: 'too many certificates for limited.example',
            },
          }
        : undefined;
    await ask('limited', account);
    const row = await world.until(name('limited'), ({ failures }) => failures === 1);
    world.proxy.intercept = () => undefined;
    expect(row.last_error).toBe('too many certificates for limited.example');
    expect(row.next_try_reason).toBe('the authority asks to wait after 1 failure');
    expect(row.next_try_at - Date.now()).toBeGreaterThan(3_500_000);
  });

  it('whose answer to an order is lost is not asked for a second one', async () => {
    const account = await bound();
    let lost = 0;
    world.proxy.intercept = (path) => (path === '/order-plz' && lost++ === 0 ? 'lost' : undefined);
    await ask('lost', account);
    const row = await world.until(name('lost'), ({ state }) => state === 'valid');
    world.proxy.intercept = () => undefined;
    expect(row.failures).toBe(0);
    expect(world.proxy.orders.filter(({ names }) => names.includes(name('lost')))).toHaveLength(1);
  });

  it('a name that leads elsewhere fails in the words of the authority, with the next try not at once', async () => {
    const account = await bound();
    const domain = await world.domain('astray.example', { acme_account_id: account, challenge: 'http-01' });
    world.elsewhere.add('www.astray.example');
    await world.names(domain, ['www.astray.example']);
    const row = await world.until('www.astray.example', ({ state }) => state === 'failed');
    expect(row.last_error).toMatch(/^www\.astray\.example: .*404/);
    expect(row).toMatchObject({ order_url: '', order_key_box: null, failures: 1 });
    expect(row.next_try_at - (row.last_error_at ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  it('a DNS provider that refuses is quoted, and the order goes on when it works again', async () => {
    const account = await bound();
    hook.status = 503;
    const change = {
      acme_account_id: account,
      certificate_scope: 'wildcard',
      dns_provider_id: hook.providerId,
    } as const;
    await world.domain('dns.example', change);
    const row = await world.until('dns.example', ({ failures }) => failures >= 1);
    expect(row.last_error).toContain('the program says so');
    hook.status = 200;
    await world.until('dns.example', ({ state }) => state === 'valid');
    expect(world.proxy.orders.filter(({ names }) => names.includes('dns.example'))).toHaveLength(1);
  });

  it('that has lost its memory gets to know the account again', async () => {
    const account = await bound();
    await ask('memory', account);
    await world.until(name('memory'), ({ state }) => state === 'valid');
    await world.pebble.stop();
    await ask('after', account);
    await world.until(name('after'), ({ failures }) => failures >= 1);
    await world.pebble.start();
    await world.until(name('after'), ({ state }) => state === 'valid', 55_000);
  }, 100_000);
});
