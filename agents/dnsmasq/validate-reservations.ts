import type { Reservation, Zone } from '@berth/proto/agent/v1/resource_pb.js';
import { isHostOf, parseIpv4, parseNetwork } from './ipv4.ts';
import { isHostLabel } from './names.ts';
import { quote } from './validate-zones.ts';

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** Judges reservations one after the other against the zones that are served. */
export class ReservationJudge {
  #zones: readonly Zone[];
  #macs = new Set<string>();
  #addresses = new Set<string>();
  #hostnames = new Set<string>();

  constructor(zones: readonly Zone[]) {
    this.#zones = zones;
  }

  /** Why the reservation cannot be served; undefined when it can, and then it counts for those after it. */
  judge(reservation: Reservation): string | undefined {
    const { mac, address, hostname } = reservation;
    const reason = checkMac(mac) ?? this.#checkAddress(address) ?? checkHostname(hostname);
    if (reason !== undefined) return reason;
    if (this.#macs.has(mac)) return `MAC ${mac} has another reservation`;
    if (this.#addresses.has(address)) return `address ${address} is reserved for another MAC`;
    if (this.#hostnames.has(hostname.toLowerCase())) return `host name ${hostname} belongs to another reservation`;
    this.#macs.add(mac);
    this.#addresses.add(address);
    this.#hostnames.add(hostname.toLowerCase());
    return undefined;
  }

  #checkAddress(address: string): string | undefined {
    const value = parseIpv4(address);
    if (value === undefined) return `address ${quote(address)} is not an IPv4 address`;
    for (const zone of this.#zones) {
      const network = parseNetwork(zone.network);
      if (!network || !isHostOf(network, value)) continue;
      return zone.gateway === address ? `address ${address} is the gateway of ${zone.domain}` : undefined;
    }
    return `address ${address} lies in no zone that is served here`;
  }
}

function checkMac(mac: string): string | undefined {
  if (!MAC.test(mac)) return `MAC ${quote(mac)} is not six lower-case hex pairs joined by colons`;
  if (Number.parseInt(mac.slice(0, 2), 16) % 2 === 1) return `MAC ${mac} is a multicast address`;
  if (mac === '00:00:00:00:00:00') return 'MAC 00:00:00:00:00:00 belongs to nobody';
  return undefined;
}

function checkHostname(hostname: string): string | undefined {
  return isHostLabel(hostname) ? undefined : `host name ${quote(hostname)} is not a DNS label`;
}
