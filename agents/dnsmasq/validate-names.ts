import { isIPv6 } from 'node:net';
import type { NameRecord, SrvRecord, TxtRecord } from '@berth/proto/agent/v1/resource_pb.js';
import { isAddress } from './ipv4.ts';
import { isDnsName, isInternal, isRecordName, isServiceName } from './names.ts';
import { quote } from './validate-zones.ts';

/** Printable, and not only at its ends: dnsmasq takes spaces there away, quoted or not. */
const TEXT = /^[!-~](?:[ -~]{0,253}[!-~])?$/;

/** Judges names, service and text records one after the other. */
export class NameJudge {
  #addressOf = new Map<string, string>();
  #services = new Set<string>();
  #texts = new Set<string>();

  /**
   * Why the name cannot be served. A second address of the same family for a name is refused: dnsmasq would answer
   * with both, and every other client would reach the wrong guest.
   */
  judgeName(record: NameRecord): string | undefined {
    const reason = checkName('fqdn', record.fqdn);
    if (reason !== undefined) return reason;
    if (!isAddress(record.address)) return `address ${quote(record.address)} is not an IPv4 or IPv6 literal`;
    const slot = `${isIPv6(record.address) ? 'AAAA' : 'A'} ${record.fqdn.toLowerCase()}`;
    const other = this.#addressOf.get(slot);
    if (other !== undefined) return `name ${record.fqdn} already has the address ${other}`;
    this.#addressOf.set(slot, record.address);
    return undefined;
  }

  /** Why the service record cannot be served. */
  judgeService(record: SrvRecord): string | undefined {
    const { fqdn, target, port, priority, weight } = record;
    if (!isServiceName(fqdn)) return `fqdn ${quote(fqdn)} is not of the form _service._proto.name`;
    const reason = checkName('target', target);
    if (reason !== undefined) return reason;
    if (port < 1 || port > 65_535) return `port ${port} is not in 1–65535`;
    if (priority > 65_535) return `priority ${priority} is not in 0–65535`;
    if (weight > 65_535) return `weight ${weight} is not in 0–65535`;
    const identity = `${fqdn} ${target} ${port}`.toLowerCase();
    if (this.#services.has(identity)) return `${fqdn} already leads to ${target}:${port}`;
    this.#services.add(identity);
    return undefined;
  }

  /** Why the text record cannot be served. */
  judgeText({ fqdn, text }: TxtRecord): string | undefined {
    if (!isRecordName(fqdn)) return `fqdn ${quote(fqdn)} is not a DNS name of at least two labels`;
    if (isInternal(fqdn)) return `fqdn ${fqdn} is the agent's own`;
    if (!TEXT.test(text))
      return `text ${quote(text)} is not 1–255 printable ASCII characters without spaces at the ends`;
    const identity = `${fqdn.toLowerCase()} ${text}`;
    if (this.#texts.has(identity)) return `${fqdn} already has this text`;
    this.#texts.add(identity);
    return undefined;
  }
}

function checkName(field: string, name: string): string | undefined {
  if (!isDnsName(name)) return `${field} ${quote(name)} is not a DNS name of at least two labels`;
  return isInternal(name) ? `${field} ${name} is the agent's own` : undefined;
}
