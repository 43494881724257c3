/** Public records at a real name server: made, changed and taken away, and never over what somebody else made. */
import type { AddressRecord, DnsDeps, DnsProvider } from '@berth/control-plane/dns/dns-provider.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyOf, type NameServers, startNameServers } from '../support/name-server.ts';
import { openDnsDeps, rfc2136 } from './dns-bench.ts';

let servers: NameServers;
let deps: DnsDeps;
let provider: DnsProvider;
const patience = () => AbortSignal.timeout(15_000);
const record = (fqdn: string, change: Partial<AddressRecord> = {}): AddressRecord => {
  return { fqdn, type: 'A', value: '192.0.2.1', ttlSeconds: 60, ...change };
};
const put = (wanted: AddressRecord) => provider.addresses?.put(wanted, patience());
const remove = (wanted: AddressRecord) => provider.addresses?.remove(wanted, '{}', patience());
const dig = (name: string, type: string) => servers.dig(servers.primary, name, type);

beforeAll(async () => {
  servers = await startNameServers([
    { name: 'apps.test' },
    { name: 'wild.test', records: ['* A 192.0.2.9', '* TXT mail'] },
  ]);
  deps = await openDnsDeps(`${servers.primary}:53`);
  provider = rfc2136(deps, servers.primary, keyOf('hmac-sha256'));
});
afterAll(async () => {
  await deps?.store.close();
  await servers?.stop();
});

it('makes a record, marks it, gives it another value and another type, and takes it away without a trace', async () => {
  const fqdn = 'web.apps.test';
  await put(record(fqdn));
  await put(record(fqdn));
  expect(await dig(fqdn, 'A')).toEqual(['192.0.2.1']);
  expect(await dig(`_berth-owner.${fqdn}`, 'TXT')).toEqual([
    expect.stringMatching(/^"berth=[0-9a-f]{16} A 192\.0\.2\.1"$/),
  ]);
  expect(await provider.addresses?.find(fqdn, patience())).toEqual([{ type: 'A', value: '192.0.2.1', ours: true }]);
  await put(record(fqdn, { value: '192.0.2.2' }));
  expect(await dig(fqdn, 'A')).toEqual(['192.0.2.2']);
  await put(record(fqdn, { type: 'AAAA', value: '2001:DB8:0::1' }));
  expect([await dig(fqdn, 'A'), await dig(fqdn, 'AAAA')]).toEqual([[], ['2001:db8::1']]);
  await put(record(fqdn, { type: 'CNAME', value: 'edge.apps.test' }));
  expect(await dig(fqdn, 'CNAME')).toEqual(['edge.apps.test.']);
  await remove(record(fqdn, { type: 'A' }));
  expect(await dig(fqdn, 'CNAME')).toEqual(['edge.apps.test.']);
  await remove(record(fqdn, { type: 'CNAME', value: 'edge.apps.test' }));
  await remove(record(fqdn, { type: 'CNAME', value: 'edge.apps.test' }));
  expect([await dig(fqdn, 'ANY'), await dig(`_berth-owner.${fqdn}`, 'ANY')]).toEqual([[], []]);
});

it.each([
  ['A', '198.51.100.7', record('a.foreign.apps.test')],
  ['AAAA', '2001:db8::7', record('aaaa.foreign.apps.test')],
  ['CNAME', 'elsewhere.example.', record('cname.foreign.apps.test')],
  ['MX', '10 mail.example.', record('mx.foreign.apps.test', { type: 'CNAME', value: 'edge.apps.test' })],
])('leaves a foreign %s alone, says so, and takes its place when it is gone', async (type, value, wanted) => {
  await servers.nsupdate(`update add ${wanted.fqdn} 60 ${type} ${value}`);
  await expect(put(wanted)).rejects.toMatchObject({
    reason: 'foreign_record',
    message: expect.stringMatching(/which Berth did not make\. It is left alone\.$/),
  });
  await remove(wanted);
  expect(await dig(wanted.fqdn, type)).toEqual([value]);
  await servers.nsupdate(`update delete ${wanted.fqdn} ${type}`);
  await put(wanted);
  expect(await dig(wanted.fqdn, wanted.type)).toHaveLength(1);
});

it('puts an address beside what leads nowhere', async () => {
  await servers.nsupdate('update add mail.apps.test 60 MX 10 mail.example.');
  await put(record('mail.apps.test'));
  await remove(record('mail.apps.test'));
  expect(await dig('mail.apps.test', 'MX')).toEqual(['10 mail.example.']);
});

it('leaves what somebody put beside ours, or in place of ours', async () => {
  const fqdn = 'shared.apps.test';
  await put(record(fqdn));
  await servers.nsupdate(`update add ${fqdn} 60 A 198.51.100.7`);
  await expect(put(record(fqdn, { value: '192.0.2.2' }))).rejects.toMatchObject({ reason: 'foreign_record' });
  expect(await dig(fqdn, 'A')).toEqual(['192.0.2.1', '198.51.100.7']);
  await remove(record(fqdn));
  expect(await dig(fqdn, 'A')).toEqual(['198.51.100.7']);
});

it('leaves what another installation made', async () => {
  const others = await openDnsDeps(`${servers.primary}:53`);
  const other = rfc2136(others, servers.primary, keyOf('hmac-sha512'));
  await other.addresses?.put(record('theirs.apps.test', { value: '192.0.2.9' }), patience());
  await expect(put(record('theirs.apps.test'))).rejects.toMatchObject({ reason: 'foreign_record' });
  await remove(record('theirs.apps.test', { value: '192.0.2.9' }));
  expect(await dig('theirs.apps.test', 'A')).toEqual(['192.0.2.9']);
  await others.store.close();
});

it('takes a name that only a wildcard answers for as free', async () => {
  await put(record('web.wild.test'));
  expect(await dig('web.wild.test', 'A')).toEqual(['192.0.2.1']);
  expect(await dig('other.wild.test', 'A')).toEqual(['192.0.2.9']);
  await remove(record('web.wild.test'));
  expect(await dig('web.wild.test', 'A')).toEqual(['192.0.2.9']);
});

it('lets one of two win who make the same name at once, and tells the other', async () => {
  const others = await openDnsDeps(`${servers.primary}:53`);
  const other = rfc2136(others, servers.primary, keyOf('hmac-sha1'));
  const fqdn = 'race.apps.test';
  const both = await Promise.allSettled([
    put(record(fqdn)),
    other.addresses?.put(record(fqdn, { value: '192.0.2.9' }), patience()),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await dig(fqdn, 'A')).toHaveLength(1);
  await others.store.close();
});
