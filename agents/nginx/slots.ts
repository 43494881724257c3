/**
 * How 10,000 backends fit into some hundred `upstream` blocks. A block costs nginx about ten kilobytes in every
 * process and is found by a linear search in every request, so one per backend is neither small nor fast; without a
 * block there is no keepalive. Therefore backends share blocks, and the block's `hash` directive picks the one that
 * is meant: its method is documented (that of Cache::Memcached: bits 16–30 of CRC-32, modulo the weights), so a key
 * can be found in advance for each position. Nothing may ever move a request to a neighbour: `max_fails=0` and
 * `proxy_next_upstream off` see to that, and `checkHash` asks the installed nginx before this is relied upon.
 *
 * The key is the name of the block itself as a map spells it. nginx finds a block by its name whatever the case of its
 * letters, as names of hosts are, and hashes the name as it was written: so a route needs one map and not two, which
 * saves each request a look into a second table of 10,000.
 *
 * Measured with 10,000 routes and two workers: 43 MB (PSS) in all, and 27.9 µs of processor a request, as much as a
 * server by hand that does the same work takes (scripts/bench nginx-apply); one upstream per backend took 116 MB.
 */

import { crc32 } from 'node:zlib';

/**
 * Most backends that a group should hold. Its choice weighs the search for a group against the walk inside one, both
 * linear and through memory that other requests have pushed out of the cache, against ten kilobytes a group.
 */
const GROUP_SIZE = 128;
/** What tells an upper-case letter from a lower-case one in ASCII. */
const UPPER_CASE_BIT = 0x20;
/** The newest table of each group. */
const tables = new Map<string, readonly string[]>();

/** The number of groups for so many members: a power of two, so that it seldom changes. */
export function groupCount(members: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(members / GROUP_SIZE)));
}

/** The group, in [0, groups), that something belongs to. `groups` is a power of two. */
export function groupOf(text: string, groups: number): number {
  return crc32(text) & (groups - 1);
}

/** The position that nginx's `hash` picks for a key among `size` servers of equal weight, size ≤ 32768. */
export function hashPosition(key: string, size: number): number {
  return positionOf(crc32(key), size);
}

/**
 * For each position of a group of `size` servers a spelling of the group's name, differing in case alone, that `hash`
 * takes there. The more letters the name has, the more spellings: fifteen serve a group of a thousand.
 * @param name of letters and digits, lower case
 * @throws RangeError when the name has too few letters
 */
export function slotNames(name: string, size: number): readonly string[] {
  const known = tables.get(name);
  if (known?.length === size) return known;
  const names: string[] = [];
  const spellings = spellingsOf(name);
  for (let found = 0; found < size; ) {
    const { value, done } = spellings.next();
    if (done) throw new RangeError(`${name} has too few spellings for ${size} servers`);
    const position = positionOf(crc32(value), size);
    if (names[position] !== undefined) continue;
    names[position] = value.toString('latin1');
    found += 1;
  }
  tables.set(name, names);
  return names;
}

function positionOf(hash: number, size: number): number {
  return ((hash >>> 16) & 0x7fff) % size;
}

/** Every spelling of a name, each in the same buffer; one letter changes from one to the next, as in a Gray code. */
function* spellingsOf(name: string): Generator<Buffer, undefined> {
  const spelling = Buffer.from(name, 'latin1');
  const letters = [...name].flatMap((character, index) => (character >= 'a' ? [index] : []));
  yield spelling;
  for (let number = 1; number < 2 ** letters.length; number += 1) {
    const index = letters[31 - Math.clz32(number & -number)] ?? 0;
    spelling.writeUInt8(spelling.readUInt8(index) ^ UPPER_CASE_BIT, index);
    yield spelling;
  }
  return undefined;
}
