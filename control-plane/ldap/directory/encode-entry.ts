import { lengthSize, string, writeLength } from '../ber/writer.ts';
import type { AttributeType } from '../schema/attributes.ts';

/** An attribute of an entry. */
export interface EntryAttribute {
  type: AttributeType;
  values: readonly string[];
}

const SEARCH_RESULT_ENTRY = 0x64;
const SEQUENCE = 0x30;
const SET = 0x31;
const OCTET_STRING = 0x04;

/** Names of attributes as they stand in answers. */
const names = new Map<AttributeType, Buffer>();

function nameOf(type: AttributeType): Buffer {
  const known = names.get(type);
  if (known) return known;
  const name = string(type.name);
  names.set(type, name);
  return name;
}

const around = (length: number) => 1 + lengthSize(length) + length;

/**
 * An entry as an answer to a search (RFC 4511, 4.5.2). It is measured first and then written once, into memory of its
 * own: answers are kept, and one that shared a block of Node's pool would keep the whole block.
 */
export function encodeEntry(dn: string, attributes: readonly EntryAttribute[]): Buffer {
  const dnLength = Buffer.byteLength(dn);
  const sets: number[] = [];
  const lists: number[] = [];
  let listLength = 0;
  for (const { type, values } of attributes) {
    let set = 0;
    for (const value of values) set += around(Buffer.byteLength(value));
    const length = nameOf(type).length + around(set);
    sets.push(set);
    lists.push(length);
    listLength += around(length);
  }
  const contents = around(dnLength) + around(listLength);
  const into = Buffer.allocUnsafeSlow(around(contents));
  let pos = open(into, 0, SEARCH_RESULT_ENTRY, contents);
  pos = open(into, pos, OCTET_STRING, dnLength);
  pos += into.write(dn, pos);
  pos = open(into, pos, SEQUENCE, listLength);
  attributes.forEach(({ type, values }, at) => {
    pos = open(into, pos, SEQUENCE, lists[at] as number);
    const name = nameOf(type);
    into.set(name, pos);
    pos = open(into, pos + name.length, SET, sets[at] as number);
    for (const value of values) {
      pos = open(into, pos, OCTET_STRING, Buffer.byteLength(value));
      pos += into.write(value, pos);
    }
  });
  return into;
}

/** Begins an element. @returns where its contents begin */
function open(into: Buffer, at: number, tag: number, length: number): number {
  into[at] = tag;
  return writeLength(into, at + 1, length);
}
