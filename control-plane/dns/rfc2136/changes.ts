/** Prerequisites and changes of an update, as records (RFC 2136, 2.4 and 2.5). */
import { CLASS, TYPE } from '../wire/constants.ts';
import type { WireRecord } from '../wire/message.ts';

const NOTHING = Buffer.alloc(0);

/** The name has no records at all (2.4.5). */
export function nameIsFree(name: string): WireRecord {
  return { name, type: TYPE.ANY, class: CLASS.NONE, ttl: 0, data: NOTHING };
}

/** The name has no records of a type (2.4.3). */
export function hasNone(name: string, type: number): WireRecord {
  return { name, type, class: CLASS.NONE, ttl: 0, data: NOTHING };
}

/** The name has these records of their type and no others (2.4.2); one prerequisite for each. */
export function hasExactly(records: readonly WireRecord[]): WireRecord[] {
  return records.map((record) => ({ ...record, class: CLASS.IN, ttl: 0 }));
}

/** Puts a record beside what is there (2.5.1). */
export function add(record: Omit<WireRecord, 'class'>): WireRecord {
  return { ...record, class: CLASS.IN };
}

/** Takes exactly one record away, if it is there (2.5.4). */
export function remove({ name, type, data }: Pick<WireRecord, 'name' | 'type' | 'data'>): WireRecord {
  return { name, type, class: CLASS.NONE, ttl: 0, data };
}
