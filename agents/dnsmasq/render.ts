import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Reservation, Zone } from '@berth/proto/agent/v1/resource_pb.js';
import type { DnsmasqConfig } from './config.ts';
import { maskOf, parseIpv4, parseNetwork } from './ipv4.ts';
import { INTERNAL_DOMAIN } from './names.ts';
import type { ValidSet } from './validate.ts';

/** The files of a release, by name. */
export const FILES = {
  main: 'dnsmasq.conf',
  hosts: 'hosts',
  reservations: 'reservations',
  servers: 'servers',
} as const;

/** What tells one release from every other, so that the running dnsmasq can be asked which one it serves. */
export interface Stamp {
  generation: bigint;
  /** Lower-case hex, new for each release. */
  nonce: string;
}

/** A rendered release. */
export interface Rendering {
  /** Content by file name. */
  files: Map<string, string>;
  /** SHA-256 of the main file's directives in hex; the running dnsmasq answers with the one it was started with. */
  mainDigest: string;
  /** Which resource (key) each line of the main file comes from, by line number from 1. */
  owners: Map<number, string>;
}

/** Address of the stamp: from TEST-NET-1 (RFC 5737), so nobody's. */
const STAMP_ADDRESS = '192.0.2.1';

/** The name that only this release's hosts file holds. */
export function stampName(stamp: Stamp): string {
  return `generation-${stamp.generation}-${stamp.nonce}.${INTERNAL_DOMAIN}`;
}

/** The name whose TXT record is the digest of the main file. */
export const MAIN_DIGEST_NAME = `main.${INTERNAL_DOMAIN}`;

/**
 * Renders validated resources; pure. What changes with every container (names, reservations) and the forwarders go into
 * files that dnsmasq reads again on SIGHUP. Zones, service and text records go into the main file, which takes a restart:
 * dnsmasq has no file for SRV and TXT records that it reads again. A site's services change about as often as its zones,
 * and texts come and go with the certificates of the internal domain, every few weeks.
 */
export function render(set: ValidSet, config: DnsmasqConfig, stamp: Stamp): Rendering {
  const main = renderMain(set, config);
  const mainDigest = createHash('sha256').update(main.lines.join('\n')).digest('hex');
  const files = new Map([
    [FILES.main, text([...main.lines, `txt-record=${MAIN_DIGEST_NAME},${mainDigest}`])],
    [FILES.hosts, text(renderHosts(set, stamp))],
    [FILES.reservations, text(set.reservations.map(({ body }) => renderReservation(body, set)))],
    [FILES.servers, text(forwardersOf(set).map((address) => `server=${address}`))],
  ]);
  return { files, mainDigest, owners: main.owners };
}

/** The digest a rendered main file announces; undefined when somebody has taken it out. */
export function mainDigestOf(main: string): string | undefined {
  const prefix = `txt-record=${MAIN_DIGEST_NAME},`;
  return main
    .split('\n')
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length);
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function renderMain(set: ValidSet, config: DnsmasqConfig): { lines: string[]; owners: Map<number, string> } {
  const lines = [...serverLines(config), ...(config.dhcp ? dhcpLines(config) : [])];
  const owners = new Map<number, string>();
  const add = (key: string, line: string) => owners.set(lines.push(line), key);
  set.zones.forEach(({ key, body }, index) => {
    for (const line of zoneLines(body)) add(key, line);
    if (config.dhcp) for (const line of rangeLines(body, `zone${index}`)) add(key, line);
  });
  for (const { key, body } of set.services) {
    add(key, `srv-host=${body.fqdn},${body.target},${body.port},${body.priority},${body.weight}`);
  }
  for (const { key, body } of set.texts) add(key, `txt-record=${body.fqdn},${quoted(body.text)}`);
  return { lines, owners };
}

/** Within quotes a comma does not part strings and a `#` begins no comment; a quote and a backslash are escaped. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function serverLines(config: DnsmasqConfig): string[] {
  const current = join(config.rootDir, 'current');
  return [
    '# Written by the Berth agent; changes by hand are undone.',
    `port=${config.dnsPort}`,
    'no-resolv',
    'no-hosts',
    'domain-needed',
    'bogus-priv',
    // Copes with interfaces and addresses that come later, and leaves other name servers of the host alone.
    'bind-dynamic',
    'cache-size=10000',
    'dns-forward-max=1000',
    ...config.interfaces.map((name) => `interface=${name}`),
    ...config.listenAddresses.map((address) => `listen-address=${address}`),
    ...(config.manage || config.bySignal ? [`pid-file=${config.pidFile}`] : []),
    ...(config.manage && config.user !== undefined ? [`user=${config.user}`] : []),
    `local=/${INTERNAL_DOMAIN}/`,
    `addn-hosts=${join(current, FILES.hosts)}`,
    `servers-file=${join(current, FILES.servers)}`,
  ];
}

function dhcpLines(config: DnsmasqConfig): string[] {
  return [
    'dhcp-authoritative',
    'dhcp-lease-max=100000',
    // A device that nobody reserved an address for must not put a name of its choice into the internal domain.
    'dhcp-ignore-names=tag:!known',
    `dhcp-leasefile=${config.leaseFile}`,
    `dhcp-hostsfile=${join(config.rootDir, 'current', FILES.reservations)}`,
  ];
}

function zoneLines(zone: Zone): string[] {
  return [`local=/${zone.domain}/`, `domain=${zone.domain},${zone.network}`];
}

function rangeLines(zone: Zone, tag: string): string[] {
  const network = parseNetwork(zone.network);
  if (!network) throw new Error(`zone ${zone.domain} was not validated`);
  const option = (name: string, values: readonly string[]) =>
    `dhcp-option=${[`tag:${tag}`, name, ...values].join(',')}`;
  return [
    `dhcp-range=set:${tag},${zone.rangeStart},${zone.rangeEnd},${maskOf(network)},${zone.leaseSeconds}`,
    // Named without a value, the option is not sent at all; unnamed, dnsmasq would offer itself as the router.
    option('option:router', zone.gateway === '' ? [] : [zone.gateway]),
    ...(zone.dnsServers.length > 0 ? [option('option:dns-server', zone.dnsServers)] : []),
    option('option:domain-search', [zone.domain]),
  ];
}

function renderHosts(set: ValidSet, stamp: Stamp): string[] {
  return [`${STAMP_ADDRESS} ${stampName(stamp)}`, ...set.names.map(({ body }) => `${body.address} ${body.fqdn}`)];
}

/** The name is written with its domain: alone, dnsmasq reads "ignore", "infinite", "12h" or "123" as something else. */
function renderReservation({ mac, address, hostname }: Reservation, set: ValidSet): string {
  const zone = set.zones.find(({ body }) => holds(body, address))?.body;
  if (!zone) throw new Error(`reservation ${mac} was not validated`);
  return [mac, address, `${hostname}.${zone.domain}`, zone.leaseSeconds].join(',');
}

function holds(zone: Zone, address: string): boolean {
  const network = parseNetwork(zone.network);
  const value = parseIpv4(address);
  return network !== undefined && value !== undefined && value - (value % network.size) === network.base;
}

function forwardersOf(set: ValidSet): string[] {
  return [...new Set(set.zones.flatMap(({ body }) => body.forwarders))];
}
