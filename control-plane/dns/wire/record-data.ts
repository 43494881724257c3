import ipaddr from 'ipaddr.js';
import { TYPE, typeName } from './constants.ts';
import type { WireRecord } from './message.ts';
import { decodeName, encodeName } from './name.ts';

const MAX_STRING = 255;

/**
 * The data of a record whose text is one string of at most 255 bytes (RFC 1035, 3.3.14).
 * @throws RangeError on a longer one
 */
export function txtData(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_STRING) throw new RangeError(`a text takes at most ${MAX_STRING} bytes`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** The data of a record that leads somewhere. @throws Error on a value that is not of the type */
export function addressData(type: 'A' | 'AAAA' | 'CNAME', value: string): Buffer {
  if (type === 'CNAME') return encodeName(value);
  const address = ipaddr.parse(value);
  if ((address.kind() === 'ipv4') !== (type === 'A')) throw new Error(`${value} is no address for an ${type} record`);
  return Buffer.from(address.toByteArray());
}

/** What a record says, for people; hex where its form is not known here. */
export function recordText({ type, data }: WireRecord): string {
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA:
      return data.length === 4 || data.length === 16
        ? ipaddr.fromByteArray([...data]).toString()
        : data.toString('hex');
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
    case TYPE.SOA:
      return decodeName(data, 0).name;
    case TYPE.TXT:
      return strings(data).join('');
    default:
      return data.toString('hex');
  }
}

/** A record in one line, e.g. "A 192.0.2.1". */
export function describeRecord(record: WireRecord): string {
  return `${typeName(record.type)} ${recordText(record)}`;
}

function strings(data: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < data.length; at += 1 + (data[at] ?? 0)) {
    found.push(data.subarray(at + 1, at + 1 + (data[at] ?? 0)).toString('utf8'));
  }
  return found;
}
