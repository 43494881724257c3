/** Public records follow the services of a site at a real name server, and never take what is somebody else's. */
import { type ApiBench, openApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import { keepPublicRecords } from '@berth/control-plane/dns/public-records/keep-records.ts';
import { containerRequest } from '@berth/control-plane/operations/testing/requests.ts';
import { bumpSite } from '@berth/control-plane/store/site-changes.ts';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { DnsProvidersService, DnsRecordState } from '@berth/proto/api/v1/dns_providers_pb.js';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NameServers, ROOT_KEY, startNameServers } from '../support/name-server.ts';
import { waitFor } from '../support/wait-for.ts';

let servers: NameServers;
let bench: ApiBench;
let keeper: { stop(): Promise<void> };
let providerId: string;
const dig = (name: string, type = 'A') => servers.dig(servers.primary, name, type);

beforeAll(async () => {
  servers = await startNameServers([{ name: 'apps.lab' }, { name: 'other.lab' }]);
  bench = await openApiBench();
  // Signatures are good for five minutes around now; the bench's time runs faster, so it begins behind.
  await bench.clock.advance(Date.now() - 240_000 - bench.clock.now());
  bench.fleet.start();
  await bench.engine().start();
  const providers = await bench.client(DnsProvidersService, bench.site.administrator);
  const value = { server: servers.primary, keyName: ROOT_KEY.name, secret: ROOT_KEY.secret };
  const made = await providers.createDnsProvider({ provider: { name: 'updates', kind: { case: 'rfc2136', value } } });
  providerId = made.provider?.id ?? '';
  const { deps, clock } = bench;
  keeper = keepPublicRecords({ ...deps, clock, log: pino({ level: 'silent' }), owner: 'test' });
});
afterAll(async () => {
  await keeper?.stop();
  await bench?.close();
  await servers?.stop();
});

/** Moves the bench's time on while real servers answer, until the condition holds. */
function until(what: string, condition: () => Promise<boolean>): Promise<unknown> {
  const look = async () => {
    await bench.clock.advance(250);
    return condition();
  };
  return waitFor(look, { what, timeoutMs: 20_000 });
}

/** Has records of a domain kept, or not; what the verbs of domains do. */
async function publish(on: boolean): Promise<void> {
  await bench.store.transaction(async (tx) => {
    const columns = { publish_dns: on ? 1 : 0, dns_provider_id: on ? providerId : null };
    await tx.db.updateTable('domains').set(columns).where('name', '=', 'apps.lab').execute();
    await bumpSite(tx, bench.site.siteId, null);
  });
}

async function lead(address: string): Promise<void> {
  await bench.store.transaction(async (tx) => {
    await tx.db.updateTable('sites').set({ external_address: address }).where('id', '=', bench.site.siteId).execute();
    await bumpSite(tx, bench.site.siteId, null);
  });
}

async function create(hostname: string): Promise<string> {
  const containers = await bench.client(ContainersService, bench.site.administrator);
  const { container, operation } = await containers.createContainer(containerRequest(hostname));
  await bench.ended(operation?.id ?? '');
  return container?.id ?? '';
}

async function records() {
  const client = await bench.client(DnsProvidersService, bench.site.administrator);
  return (await client.listDnsRecords({ domain: 'apps.lab' })).records;
}

it('makes, changes and takes away records as services, addresses and settings do', async () => {
  const first = await create('web1');
  await publish(true);
  await until('a record of what was there', async () => (await dig('web1.apps.lab')).join() === '10.66.0.1');
  await create('web2');
  await until('a record of what comes', async () => (await dig('web2.apps.lab')).join() === '10.66.0.1');
  await until('both to be known', async () => (await records()).every(({ state }) => state === DnsRecordState.PRESENT));
  expect(await records()).toMatchObject([
    { name: 'web1.apps.lab', type: 'A', value: '10.66.0.1', problem: '' },
    { name: 'web2.apps.lab', type: 'A', value: '10.66.0.1', problem: '' },
  ]);

  await lead('edge.other.lab');
  await until('an alias', async () => (await dig('web1.apps.lab', 'CNAME')).join() === 'edge.other.lab.');
  await lead('2001:db8::1');
  await until('an IPv6 address', async () => (await dig('web1.apps.lab', 'AAAA')).join() === '2001:db8::1');

  const containers = await bench.client(ContainersService, bench.site.administrator);
  const { operation } = await containers.deleteContainer({ container: first });
  await bench.ended(operation?.id ?? '');
  await until('the end of a record', async () => (await dig('web1.apps.lab', 'ANY')).length === 0);
  expect(await dig('_berth-owner.web1.apps.lab', 'TXT')).toEqual([]);
  expect(await dig('web2.apps.lab', 'AAAA')).toEqual(['2001:db8::1']);

  await publish(false);
  await until('the end of all', async () => (await records()).length === 0);
  expect(await dig('web2.apps.lab', 'ANY')).toEqual([]);
});

it('tells of a foreign record, leaves it, and takes its place when it is gone', async () => {
  await lead('10.66.0.1');
  await servers.nsupdate('update add web3.apps.lab 60 A 198.51.100.7');
  await publish(true);
  await create('web3');
  const own = async () => (await records()).find(({ name }) => name === 'web3.apps.lab');
  await until('the foreign record to be seen', async () => (await own())?.state === DnsRecordState.FOREIGN);
  expect((await own())?.problem).toBe(
    'web3.apps.lab has the record A 198.51.100.7, which Berth did not make. It is left alone.',
  );
  expect(await dig('web3.apps.lab')).toEqual(['198.51.100.7']);

  await servers.nsupdate('update delete web3.apps.lab A');
  // Minutes later, which would be too late for signatures by the bench's clock.
  await bench.store.db.updateTable('dns_records').set({ next_try_at: 0 }).execute();
  await until('its own record', async () => (await dig('web3.apps.lab')).join() === '10.66.0.1');
});

it("tells what a provider refuses in its server's words, and goes on once it is set right", async () => {
  const client = await bench.client(DnsProvidersService, bench.site.administrator);
  const change = (secret: string) =>
    client.updateDnsProvider({
      provider: { id: providerId, kind: { case: 'rfc2136', value: { secret } } },
      updateMask: { paths: ['rfc2136.secret'] },
    });
  await change('d3Jvbmc=');
  await create('web4');
  const own = async () => (await records()).find(({ name }) => name === 'web4.apps.lab');
  await until('the refusal', async () => (await own())?.state === DnsRecordState.FAILED);
  expect((await own())?.problem).toMatch(/NOTAUTH \(BADSIG\)/);
  expect((await client.getDnsProvider({ provider: 'updates' })).provider?.lastError).toMatch(/BADSIG/);
  await change(ROOT_KEY.secret);
  await until('the record after the back-off', async () => (await dig('web4.apps.lab')).length === 1);
  await until(
    'no error',
    async () => (await client.getDnsProvider({ provider: 'updates' })).provider?.lastError === '',
  );
});

it('keeps a provider that is used', async () => {
  const client = await bench.client(DnsProvidersService, bench.site.administrator);
  await expect(client.deleteDnsProvider({ provider: 'updates' })).rejects.toThrow(/The domain apps.lab uses it/);
});
