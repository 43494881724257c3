/** Bad values for the requests about DNS providers; see api-bad-input.table.ts. */
import type { ApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { DnsProvidersService } from '@berth/proto/api/v1/dns_providers_pb.js';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type BadInputs, DOMAIN, HOSTILE, KEY, listed, MASK, NAME, named, REFERENCE } from './api-bad-input.values.ts';

type DnsRpc = Extract<Rpc, `DnsProvidersService.${string}`>;

const SECRET = ['', 'a b', 'a\nb', 'a\0b', 'é', 'x'.repeat(5_000)];
const URLS = ['http://dns.example.org', 'ftp://a', '//a', 'https://u:p@a', 'https://a/#x', ...HOSTILE];
const SERVER = [':53', 'a:0', 'a:65536', '1.2.3', '10.0.0.256', '[::1', 'http://a', ...HOSTILE];

const provider: JsonObject = {
  name: 'other',
  check_servers: ['192.0.2.1:53'],
  rfc2136: { server: '127.0.0.1:1', zone: 'apps.lab', key_name: 'berth', algorithm: 'hmac-sha512', secret: 'c2VjcmV0' },
};

const badProvider: Record<string, JsonValue[]> = {
  'provider.check_servers[]': ['', ...SERVER],
  'provider.cloudflare.api_token': SECRET,
  'provider.cloudflare.api_url': URLS,
  'provider.rfc2136.server': ['', ...SERVER],
  'provider.rfc2136.zone': ['Apps.lab', 'apps.lab.', '-a.lab', 'a..lab', ...HOSTILE],
  'provider.rfc2136.key_name': ['', 'Berth', 'a..b', 'x'.repeat(64), ...HOSTILE],
  'provider.rfc2136.algorithm': ['hmac-md5', 'HMAC-SHA256', ...HOSTILE],
  'provider.rfc2136.secret': ['', 'c2VjcmV0=', 'c2VjcmV0!', ...HOSTILE],
  'provider.acme_dns.api_url': ['', ...URLS],
  'provider.acme_dns.username': SECRET,
  'provider.acme_dns.password': SECRET,
  'provider.acme_dns.subdomain': SECRET,
  'provider.webhook.url': ['', ...URLS],
  'provider.webhook.secret': ['', 'too short', 'a\nb'.repeat(9), 'x'.repeat(5_000)],
};
const output = ['last_error', 'domains[]', 'created_at'].map((field) => `provider.${field}`);

/** The rows of these RPCs. */
export const dnsBadInputs: Record<DnsRpc, BadInputs> = {
  'DnsProvidersService.CreateDnsProvider': {
    good: { provider },
    bad: { ...badProvider, 'provider.name': ['updates', 'Other', 'a.b', '-a', ...NAME], idempotency_key: KEY },
    free: ['provider.id', ...output],
  },
  'DnsProvidersService.GetDnsProvider': named('provider', 'updates'),
  'DnsProvidersService.ListDnsProviders': listed(),
  'DnsProvidersService.UpdateDnsProvider': {
    good: {
      provider: { ...provider, id: '<dns>' },
      update_mask: 'name,checkServers,rfc2136.server,rfc2136.zone,rfc2136.keyName,rfc2136.algorithm,rfc2136.secret',
    },
    bad: {
      ...badProvider,
      'provider.id': REFERENCE,
      'provider.name': ['Other', 'a.b', '-a', ...NAME],
      update_mask: ['cloudflare.apiToken', 'rfc2136', ...MASK],
    },
    free: output,
  },
  'DnsProvidersService.DeleteDnsProvider': named('provider', 'updates'),
  'DnsProvidersService.TestDnsProvider': {
    good: { provider: 'updates', domain: 'apps.lab' },
    bad: { provider: REFERENCE, domain: DOMAIN },
  },
  'DnsProvidersService.ListDnsRecords': {
    ...listed('domain'),
    good: { domain: 'apps.lab' },
    bad: { ...listed().bad, domain: REFERENCE },
  },
};

/** Makes a provider "updates" at a server that is not there. @returns its identifier */
export async function seedDnsProvider(bench: ApiBench): Promise<string> {
  const client = await bench.client(DnsProvidersService, bench.site.administrator);
  const value = { server: '127.0.0.1:1', keyName: 'berth', secret: 'c2VjcmV0' };
  const made = await client.createDnsProvider({ provider: { name: 'updates', kind: { case: 'rfc2136', value } } });
  return made.provider?.id ?? '';
}
