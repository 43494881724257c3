/** Dynamic updates at a real name server: texts for challenges, keys that do not fit, and where records are put. */
import type { DnsDeps } from '@berth/control-plane/dns/dns-provider.ts';
import { waitForTxt } from '@berth/control-plane/dns/wait-for-txt.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { ALGORITHMS, keyOf, type NameServers, ROOT_KEY, startNameServers } from '../support/name-server.ts';
import { openDnsDeps, rfc2136 } from './dns-bench.ts';

let servers: NameServers;
let deps: DnsDeps;
const patience = () => AbortSignal.timeout(15_000);
const text = (fqdn: string, value: string) => ({ fqdn, value, ttlSeconds: 60 });

beforeAll(async () => {
  servers = await startNameServers([
    { name: 'apps.test', records: ['_acme-challenge.moved CNAME here.delegated.test.'] },
    { name: 'delegated.test' },
    { name: 'stale.test', stale: true },
  ]);
  deps = await openDnsDeps(`${servers.primary}:53`);
});
afterAll(async () => {
  await deps?.store.close();
  await servers?.stop();
});

it.each(ALGORITHMS)('puts a text with %s and takes it away', async (algorithm) => {
  const provider = rfc2136(deps, servers.primary, keyOf(algorithm));
  const record = text(`_acme-challenge.${algorithm}.apps.test`, 'it is "ours", \\ or not');
  const handle = await provider.addTxt(record, patience());
  await waitForTxt(deps, { ...record, servers: [] }, patience());
  await provider.removeTxt(record, handle, patience());
  expect(await servers.dig(servers.primary, record.fqdn, 'TXT')).toEqual([]);
});

it('keeps two values beside a foreign one, and takes away exactly its own', async () => {
  const provider = rfc2136(deps, servers.primary, keyOf('hmac-sha256'));
  const fqdn = '_acme-challenge.apps.test';
  await servers.nsupdate(`update add ${fqdn} 60 TXT foreign`);
  const one = await provider.addTxt(text(fqdn, 'one'), patience());
  const two = await provider.addTxt(text(fqdn, 'two'), patience());
  expect(await provider.addTxt(text(fqdn, 'two'), patience())).toBe(two);
  expect(await servers.dig(servers.primary, fqdn, 'TXT')).toEqual(['"foreign"', '"one"', '"two"']);
  await provider.removeTxt(text(fqdn, 'one'), one, patience());
  await provider.removeTxt(text(fqdn, 'one'), one, patience());
  expect(await servers.dig(servers.primary, fqdn, 'TXT')).toEqual(['"foreign"', '"two"']);
  await provider.removeTxt(text(fqdn, 'two'), two, patience());
  expect(await servers.dig(servers.primary, fqdn, 'TXT')).toEqual(['"foreign"']);
});

it('follows an alias into the zone that a challenge was delegated to', async () => {
  const provider = rfc2136(deps, servers.primary, keyOf('hmac-sha256'));
  const record = text('_acme-challenge.moved.apps.test', 'over there');
  const handle = await provider.addTxt(record, patience());
  expect(await servers.dig(servers.primary, 'here.delegated.test', 'TXT')).toEqual(['"over there"']);
  await waitForTxt(deps, { ...record, servers: [] }, patience());
  await waitForTxt(deps, { ...record, servers: [servers.secondary] }, patience());
  await provider.removeTxt(record, handle, patience());
  expect(await servers.dig(servers.primary, 'here.delegated.test', 'TXT')).toEqual([]);
});

it.each([
  ['a key that is not known', { ...ROOT_KEY, name: 'nobody' }, /NOTAUTH \(BADKEY\): it does not know the key "nobody"/],
  [
    'another secret',
    { ...ROOT_KEY, secret: 'd3Jvbmc=' },
    /NOTAUTH \(BADSIG\): the secret of the key "root-key" is another/,
  ],
  ['another algorithm', { ...ROOT_KEY, algorithm: 'hmac-sha512' }, /NOTAUTH \(BADKEY\)/],
])('tells of %s in the words of the server', async (_, key, words) => {
  const adding = rfc2136(deps, servers.primary, key).addTxt(text('_acme-challenge.apps.test', 'x'), patience());
  await expect(adding).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(words) });
});

it('tells of a clock that is wrong', async () => {
  const late = { ...deps, clock: { ...deps.clock, now: () => Date.now() - 3_600_000 } };
  const adding = rfc2136(late, servers.primary, ROOT_KEY).addTxt(text('_acme-challenge.apps.test', 'x'), patience());
  await expect(adding).rejects.toMatchObject({
    message: expect.stringMatching(/BADTIME\): its clock and the one here differ/),
  });
});

it('tells of a zone that is not there, and of one it may not change', async () => {
  const anywhere = rfc2136(deps, servers.primary, ROOT_KEY).addTxt(text('a.elsewhere.example', 'x'), patience());
  await expect(anywhere).rejects.toMatchObject({
    message: expect.stringMatching(/REFUSED to queries for a\.elsewhere/),
  });
  const bound = rfc2136(deps, servers.primary, ROOT_KEY, 'delegated.test').addTxt(text('a.apps.test', 'x'), patience());
  await expect(bound).rejects.toMatchObject({ reason: 'dns_zone_not_found' });
});

it('tells of a server that is not there', async () => {
  const server = `127.0.0.1:${await freePort()}`;
  const adding = rfc2136(deps, server, ROOT_KEY).addTxt(text('a.apps.test', 'x'), patience());
  await expect(adding).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(new RegExp(`${server} cannot be asked: connect ECONNREFUSED`)),
  });
});

it('names the server that does not have the text', async () => {
  const provider = rfc2136(deps, servers.primary, keyOf('hmac-sha256'));
  const record = text('_acme-challenge.stale.test', 'new');
  await provider.addTxt(record, patience());
  const waiting = waitForTxt(deps, { ...record, servers: [] }, AbortSignal.timeout(1_500));
  await expect(waiting).rejects.toMatchObject({
    reason: 'txt_not_served',
    message: expect.stringContaining(`ns2.stale.test (${servers.secondary}:53) does not have the TXT record`),
  });
  await waitForTxt(deps, { ...record, servers: [servers.primary] }, patience());
});
