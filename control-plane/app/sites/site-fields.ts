import type { Site } from '@berth/proto/api/v1/sites_pb.js';
import type { Row } from '../../store/schema.ts';
import { hostFault, hostOf, ipv4Fault, ipv4Number, networkFault, parseNetwork } from '../validate/addresses.ts';
import { checkList } from '../validate/lists.ts';
import { domainFault, hostnameFault } from '../validate/names.ts';
import { portFault } from '../validate/numbers.ts';
import { proxyFault } from '../validate/ranges.ts';
import type { Violations } from '../validate/violations.ts';

/** What people decide about a site, in the names of the API. */
export interface SiteFields {
  name: string;
  internal_domain: string;
  network: string;
  range_start: string;
  range_end: string;
  gateway: string;
  dns_servers: string[];
  forwarders: string[];
  external_domains: string[];
  external_address: string;
  port_range_start: number;
  port_range_end: number;
  trusted_proxies: string[];
  proxy_protocol: boolean;
  custom_domains: boolean;
}

/** Every field that an update may name. */
export const SITE_PATHS = [
  'name',
  'internal_domain',
  'network',
  'range_start',
  'range_end',
  'gateway',
  'dns_servers',
  'forwarders',
  'external_domains',
  'external_address',
  'port_range_start',
  'port_range_end',
  'trusted_proxies',
  'proxy_protocol',
  'custom_domains',
] as const satisfies (keyof SiteFields)[];

const DEFAULT_PORTS = { start: 2_000, end: 32_767 };
const MAX_SERVERS = 8;
const MAX_DOMAINS = 64;
const MAX_PROXIES = 64;
const MAX_INTERNAL_DOMAIN = 253 - 64;

/** The fields of a message, defaults filled in. */
export function fieldsOfMessage(site: Site): SiteFields {
  return {
    name: site.name,
    internal_domain: site.internalDomain,
    network: site.network,
    range_start: site.rangeStart,
    range_end: site.rangeEnd,
    gateway: site.gateway,
    dns_servers: site.dnsServers,
    forwarders: site.forwarders,
    external_domains: site.externalDomains,
    external_address: site.externalAddress,
    port_range_start: site.portRangeStart || DEFAULT_PORTS.start,
    port_range_end: site.portRangeEnd || DEFAULT_PORTS.end,
    trusted_proxies: site.trustedProxies,
    proxy_protocol: site.proxyProtocol,
    custom_domains: site.customDomains,
  };
}

/** The fields of a row. */
export function fieldsOfRow(row: Row<'sites'>, domains: readonly string[]): SiteFields {
  return {
    name: row.name,
    internal_domain: row.internal_domain,
    network: row.network,
    range_start: row.range_start,
    range_end: row.range_end,
    gateway: row.gateway,
    dns_servers: JSON.parse(row.dns_servers) as string[],
    forwarders: JSON.parse(row.forwarders) as string[],
    external_domains: [...domains],
    external_address: row.external_address,
    port_range_start: row.port_range_start,
    port_range_end: row.port_range_end,
    trusted_proxies: JSON.parse(row.trusted_proxies) as string[],
    proxy_protocol: row.proxy_protocol === 1,
    custom_domains: row.custom_domains === 1,
  };
}

/** The columns that hold the fields. */
export function columnsOf(fields: SiteFields) {
  const { external_domains: _, dns_servers, forwarders, trusted_proxies, ...columns } = fields;
  return {
    ...columns,
    dns_servers: JSON.stringify(dns_servers),
    forwarders: JSON.stringify(forwarders),
    trusted_proxies: JSON.stringify(trusted_proxies),
    proxy_protocol: fields.proxy_protocol ? 1 : 0,
    custom_domains: fields.custom_domains ? 1 : 0,
  };
}

/** Checks every field by itself and, where those are right, against one another. */
export function checkSite(fields: SiteFields, found: Violations): void {
  found.check('site.name', hostnameFault(fields.name));
  found.check('site.internal_domain', internalDomainFault(fields.internal_domain));
  checkAddresses(fields, found);
  checkList('site.dns_servers', fields.dns_servers, MAX_SERVERS, ipv4Fault, found);
  checkList('site.forwarders', fields.forwarders, MAX_SERVERS, ipv4Fault, found);
  checkList('site.external_domains', fields.external_domains, MAX_DOMAINS, domainFault, found);
  if (fields.external_address !== '') found.check('site.external_address', hostFault(fields.external_address));
  const start = found.check('site.port_range_start', portFault(fields.port_range_start));
  const end = found.check('site.port_range_end', portFault(fields.port_range_end));
  if (start && end && fields.port_range_end < fields.port_range_start) {
    found.check('site.port_range_end', 'must not be below port_range_start');
  }
  checkList('site.trusted_proxies', fields.trusted_proxies, MAX_PROXIES, proxyFault, found);
  // Without, whoever connects past the load balancers would say himself where he comes from.
  const unsaid = fields.proxy_protocol && fields.trusted_proxies.length === 0;
  found.check('site.proxy_protocol', unsaid ? 'needs trusted_proxies, which send it' : undefined);
}

/** A domain that leaves room for a host name of 63 characters, and is not the one the agents keep for themselves. */
function internalDomainFault(name: string): string | undefined {
  if (name.length > MAX_INTERNAL_DOMAIN) return `must have at most ${MAX_INTERNAL_DOMAIN} characters`;
  return /(?:^|\.)berth\.invalid$/.test(name) ? 'must not be below berth.invalid' : domainFault(name);
}

function checkAddresses(fields: SiteFields, found: Violations): void {
  const known = found.check('site.network', networkFault(fields.network));
  const start = found.check('site.range_start', ipv4Fault(fields.range_start));
  const end = found.check('site.range_end', ipv4Fault(fields.range_end));
  const gateway = found.check('site.gateway', ipv4Fault(fields.gateway));
  const network = parseNetwork(fields.network);
  if (!known || !network) return;
  const outside = (address: string) => (hostOf(network, address) ? undefined : `must be a host of ${fields.network}`);
  const startIn = start && found.check('site.range_start', outside(fields.range_start));
  const endIn = end && found.check('site.range_end', outside(fields.range_end));
  const gatewayIn = gateway && found.check('site.gateway', outside(fields.gateway));
  if (!startIn || !endIn) return;
  const [first, last] = [ipv4Number(fields.range_start), ipv4Number(fields.range_end)];
  if (last < first) found.check('site.range_end', 'must not be below range_start');
  const router = ipv4Number(fields.gateway);
  if (gatewayIn && router >= first && router <= last)
    found.check('site.gateway', 'must be outside the range of guests');
}
