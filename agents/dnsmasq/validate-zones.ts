import type { Zone } from '@berth/proto/agent/v1/resource_pb.js';
import { type Ipv4Network, isAddress, isHostOf, overlap, parseIpv4, parseNetwork } from './ipv4.ts';
import { isDnsName, isInternal } from './names.ts';

/** dnsmasq takes no lease time below two minutes; above ten years it would be a mistake. */
const LEASE_SECONDS = { min: 120, max: 315_360_000 };

/** Judges zones one after the other; a zone must not clash with those accepted before it. */
export class ZoneJudge {
  #domains = new Set<string>();
  #networks: Ipv4Network[] = [];

  /** Why the zone cannot be served; undefined when it can, and then it counts for those after it. */
  judge(zone: Zone): string | undefined {
    const network = parseNetwork(zone.network);
    if (!network) return `network ${quote(zone.network)} is not an IPv4 network in CIDR form with prefix 8–30`;
    const reason = checkDomain(zone) ?? checkAddresses(zone, network) ?? this.#checkClash(zone, network);
    if (reason !== undefined) return reason;
    this.#domains.add(zone.domain.toLowerCase());
    this.#networks.push(network);
    return undefined;
  }

  #checkClash(zone: Zone, network: Ipv4Network): string | undefined {
    if (this.#domains.has(zone.domain.toLowerCase())) return `domain ${zone.domain} belongs to another zone`;
    if (this.#networks.some((other) => overlap(other, network))) return `network ${zone.network} overlaps another zone`;
    return undefined;
  }
}

function checkDomain(zone: Zone): string | undefined {
  if (!isDnsName(zone.domain)) return `domain ${quote(zone.domain)} is not a DNS name of at least two labels`;
  if (isInternal(zone.domain)) return `domain ${zone.domain} is the agent's own`;
  const { min, max } = LEASE_SECONDS;
  if (zone.leaseSeconds < min || zone.leaseSeconds > max) return `lease_seconds must be ${min}–${max}`;
  return undefined;
}

function checkAddresses(zone: Zone, network: Ipv4Network): string | undefined {
  const start = parseIpv4(zone.rangeStart);
  const end = parseIpv4(zone.rangeEnd);
  if (start === undefined || !isHostOf(network, start)) return outside('range_start', zone.rangeStart, zone);
  if (end === undefined || !isHostOf(network, end)) return outside('range_end', zone.rangeEnd, zone);
  if (start > end) return `range_start ${zone.rangeStart} is after range_end ${zone.rangeEnd}`;
  const gateway = parseIpv4(zone.gateway);
  if (zone.gateway !== '' && (gateway === undefined || !isHostOf(network, gateway))) {
    return outside('gateway', zone.gateway, zone);
  }
  const server = zone.dnsServers.find((address) => parseIpv4(address) === undefined);
  if (server !== undefined) return `dns_servers holds ${quote(server)}, which is not an IPv4 address`;
  const forwarder = zone.forwarders.find((text) => !isForwarder(text));
  if (forwarder !== undefined) return `forwarders holds ${quote(forwarder)}, which is not an address[#port]`;
  return undefined;
}

function outside(field: string, value: string, zone: Zone): string {
  return `${field} ${quote(value)} is not a host address of ${zone.network}`;
}

/** An address, optionally with "#port" as dnsmasq writes it. */
function isForwarder(text: string): boolean {
  const [address, port, ...rest] = text.split('#');
  if (address === undefined || !isAddress(address) || rest.length > 0) return false;
  return port === undefined || (/^[0-9]{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535);
}

/** A value as it is shown in a reason: quoted, control characters escaped, not endless. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
