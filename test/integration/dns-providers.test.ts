/** DNS providers by the API and on pages, at a real name server and at the site's own dnsmasq. */
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import { openSession } from '@berth/control-plane/auth/sessions.ts';
import { DnsProvidersService, type TestDnsProviderResponse } from '@berth/proto/api/v1/dns_providers_pb.js';
import { createWeb } from '@berth/web/app.ts';
import type { Client } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NameServers, ROOT_KEY, startNameServers } from '../support/name-server.ts';
import { waitFor } from '../support/wait-for.ts';

let servers: NameServers;
let bench: ApiBench;
let client: Client<typeof DnsProvidersService>;

beforeAll(async () => {
  servers = await startNameServers([{ name: 'apps.test' }]);
  bench = await openApiBench();
  // Signatures are good for five minutes around now; the bench's time runs faster, so it begins behind.
  await bench.clock.advance(Date.now() - 240_000 - bench.clock.now());
  bench.fleet.start();
  client = await bench.client(DnsProvidersService, bench.site.administrator);
});
afterAll(async () => {
  await bench?.close();
  await servers?.stop();
});

const updates = (secret = ROOT_KEY.secret) => ({
  name: 'updates',
  kind: { case: 'rfc2136' as const, value: { server: servers.primary, keyName: ROOT_KEY.name, secret } },
  checkServers: [servers.primary, servers.secondary],
});

/** Moves the bench's time on, ten times as fast as it goes, while something real is waited for. */
async function whileTimeGoesOn<T>(work: Promise<T>): Promise<T> {
  let over = false;
  const watched = work.finally(() => {
    over = true;
  });
  watched.catch(() => undefined);
  const look = async () => {
    await bench.clock.advance(200);
    return over;
  };
  await waitFor(look, { intervalMs: 20, timeoutMs: 30_000 });
  return watched;
}

const test = (provider: string, domain: string): Promise<TestDnsProviderResponse> =>
  whileTimeGoesOn(client.testDnsProvider({ provider, domain }));

it('keeps a secret to itself: not in answers, nor in the audit, nor in the clear in the database', async () => {
  const { provider } = await client.createDnsProvider({ provider: updates() });
  const answers = [provider, await client.getDnsProvider({ provider: 'updates' }), await client.listDnsProviders({})];
  const audit = await bench.store.db.selectFrom('audit').selectAll().execute();
  const [row] = await bench.store.db.selectFrom('dns_providers').selectAll().execute();
  const plain = JSON.stringify([answers, audit, { ...row, secret_box: '' }], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  expect(plain).not.toContain(ROOT_KEY.secret);
  expect(Buffer.from(row?.secret_box ?? []).includes(ROOT_KEY.secret)).toBe(false);
  expect(provider).toMatchObject({
    name: 'updates',
    kind: { case: 'rfc2136', value: { server: servers.primary, algorithm: 'hmac-sha256', secret: '' } },
    domains: [],
  });
});

it('tests a provider step by step and leaves nothing behind', async () => {
  const { ok, log } = await test('updates', 'apps.test');
  expect(log).toEqual([
    'TXT record _berth-test.apps.test put.',
    'Every name server serves it.',
    'TXT record _berth-test.apps.test taken away.',
  ]);
  expect(ok).toBe(true);
  expect(await servers.dig(servers.primary, '_berth-test.apps.test', 'TXT')).toEqual([]);
});

it("changes what is named only, and tells a wrong secret in the server's words until it is right again", async () => {
  const change = (secret: string) =>
    client.updateDnsProvider({
      provider: { name: 'updates', kind: { case: 'rfc2136', value: { server: 'ignored', secret } } },
      updateMask: { paths: ['rfc2136.secret'] },
    });
  const { provider } = await change('d3Jvbmc=');
  expect(provider?.kind.value).toMatchObject({ server: servers.primary, keyName: ROOT_KEY.name });
  const failed = await test('updates', 'apps.test');
  expect(failed).toMatchObject({ ok: false, log: [expect.stringMatching(/NOTAUTH \(BADSIG\)/)] });
  expect((await client.getDnsProvider({ provider: 'updates' })).provider?.lastError).toBe(failed.log[0]);
  await change(ROOT_KEY.secret);
  expect((await client.getDnsProvider({ provider: 'updates' })).provider?.lastError).toBe('');
  expect((await test('updates', 'apps.test')).ok).toBe(true);
});

it('names what a provider of one kind cannot be told', async () => {
  const change = client.updateDnsProvider({
    provider: { name: 'updates', kind: { case: 'cloudflare', value: { apiToken: 'token' } } },
    updateMask: { paths: ['cloudflare.api_token'] },
  });
  await expect(change).rejects.toThrow(/cloudflare\.api_token is of another kind; the provider is of kind rfc2136/);
  await expect(client.createDnsProvider({ provider: { name: 'none' } })).rejects.toThrow(/must be one of cloudflare/);
  await expect(client.createDnsProvider({ provider: updates() })).rejects.toThrow(
    /There is a DNS provider "updates" already/,
  );
});

it("uses the site's own dnsmasq for its internal domain, once its agents serve the record", async () => {
  await client.createDnsProvider({ provider: { name: 'inside', kind: { case: 'dnsmasq', value: {} } } });
  expect(await test('inside', 'apps.lab.internal')).toMatchObject({
    ok: true,
    log: [expect.anything(), expect.anything(), expect.anything()],
  });
  expect(await bench.store.db.selectFrom('internal_records').selectAll().execute()).toEqual([]);
  expect(await test('inside', 'apps.test')).toMatchObject({
    ok: false,
    log: [expect.stringMatching(/there is no such site/)],
  });
  // From here on the agents do nothing.
  await bench.fleet.stop();
  await bench.store.db.updateTable('agents').set({ session_id: null }).execute();
  const late = await test('inside', 'apps.lab.internal');
  expect(late).toEqual(
    expect.objectContaining({
      ok: false,
      log: ["The site's own dnsmasq does not serve the record in time: agent dnsmasq1 is not connected."],
    }),
  );
  expect(await bench.store.db.selectFrom('internal_records').selectAll().execute()).toEqual([]);
});

it('is kept on pages, which never show a secret again', async () => {
  const { token } = await bench.store.transaction((tx) =>
    openSession(tx, bench.site.administrator.userId, { userAgent: 'test', address: '192.0.2.1' }),
  );
  const web = createWeb({ transportFor: (visitor) => bench.transport(visitor.token), secure: true });
  const headers = { cookie: `__Host-berth=${token}`, origin: 'https://berth.test' };
  const post = (path: string, form: Record<string, string>) =>
    web.request(`https://berth.test${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
  const form = {
    kind: 'rfc2136',
    name: 'by-form',
    'rfc2136.server': servers.primary,
    'rfc2136.zone': '',
    'rfc2136.key_name': ROOT_KEY.name,
    'rfc2136.algorithm': 'hmac-sha256',
    'rfc2136.secret': ROOT_KEY.secret,
    check_servers: servers.primary,
  };
  const wrong = await post('/dns-providers/new', { ...form, 'rfc2136.server': 'a b' });
  expect(wrong.status).toBe(400);
  const shown = await wrong.text();
  expect(shown).toMatch(/must be HOST or HOST:PORT/);
  expect(shown).not.toContain(ROOT_KEY.secret);
  expect((await post('/dns-providers/new', form)).headers.get('location')).toBe('/dns-providers/by-form');
  // Without a secret the one that is there stays.
  expect((await post('/dns-providers/by-form', { ...form, 'rfc2136.secret': '' })).status).toBe(303);
  const tested = await whileTimeGoesOn(Promise.resolve(post('/dns-providers/by-form/test', { domain: 'apps.test' })));
  const page = await tested.text();
  expect(page).toMatch(/It works\./);
  expect(page).toMatch(/TXT record _berth-test\.apps\.test taken away\./);
  expect(page).not.toContain(ROOT_KEY.secret);
  expect((await post('/dns-providers/by-form/delete', {})).headers.get('location')).toBe('/dns-providers');
  await expect(client.getDnsProvider({ provider: 'by-form' })).rejects.toThrow(/There is no DNS provider "by-form"/);
});
