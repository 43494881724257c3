/**
 * Public records in a zone that others write to as well. What is ours is written beside it: a TXT record at
 * `_berth-owner.NAME` that names the installation and the record it made. Every update requires that both are still as
 * they were read, so that whatever somebody else does in between makes it fail, never get lost. A name that only a
 * wildcard answers for is free: prerequisites do not see wildcards (RFC 2136, 2.4), so they tell which it is.
 */
import { installationId } from '../../store/installation-id.ts';
import type { AddressRecord, AddressType, DnsDeps, DnsProvider, FoundRecord } from '../dns-provider.ts';
import { foreign } from '../failures.ts';
import { CLASS, TYPE, typeName } from '../wire/constants.ts';
import type { WireRecord } from '../wire/message.ts';
import { addressData, describeRecord, recordText, txtData } from '../wire/record-data.ts';
import { add, hasExactly, hasNone, nameIsFree, remove } from './changes.ts';
import { findZone } from './find-zone.ts';
import type { Primary } from './primary.ts';

const OWNER_LABEL = '_berth-owner';
/** How the text of a mark begins. */
const MARK = 'berth=';
const TYPES: readonly AddressType[] = ['A', 'AAAA', 'CNAME'];
/** Reads and updates until nobody came in between. */
const ATTEMPTS = 3;

/** What stands at a name. */
interface Standing {
  zone: string;
  /** What leads somewhere. */
  found: WireRecord[];
  /** The texts that say whose it is. */
  marks: WireRecord[];
}

/** @param zone the only one to change; empty: the one the server says */
export function addressesAt(deps: DnsDeps, primary: Primary, zone: string): DnsProvider['addresses'] {
  const names = new AddressNames(deps, primary, zone);
  return {
    find: (fqdn, signal) => names.find(fqdn, signal),
    put: (record, signal) => names.put(record, signal),
    remove: (record, _, signal) => names.remove(record, signal),
  };
}

class AddressNames {
  readonly #deps: DnsDeps;
  readonly #primary: Primary;
  readonly #zone: string;

  constructor(deps: DnsDeps, primary: Primary, zone: string) {
    this.#deps = deps;
    this.#primary = primary;
    this.#zone = zone;
  }

  async find(fqdn: string, signal: AbortSignal): Promise<FoundRecord[]> {
    const { found, marks } = await this.#look(fqdn, signal);
    const mine = madeBy(await this.#owner(), marks);
    return found.map((record) => ({
      type: typeName(record.type),
      value: recordText(record),
      ours: mine === describeRecord(record),
    }));
  }

  async put(wanted: AddressRecord, signal: AbortSignal): Promise<string> {
    const { fqdn, type, value, ttlSeconds: ttl } = wanted;
    const record = { name: fqdn, type: TYPE[type], class: CLASS.IN, ttl, data: addressData(type, value) };
    const owner = await this.#owner();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const standing = await this.#look(fqdn, signal);
      const update = updateOf(record, standing, owner);
      if (!update) return '{}';
      if (await this.#primary.update(standing.zone, update.prerequisites, update.changes, signal)) return '{}';
    }
    // What does not lead anywhere, such as a mail exchanger, stands in the way of an alias alone.
    throw foreign(fqdn, type === 'CNAME' ? 'records beside which there can be no CNAME' : 'records that keep changing');
  }

  /** By its type alone, for a crash may have left the value before. */
  async remove({ fqdn, type }: AddressRecord, signal: AbortSignal): Promise<void> {
    const { zone, found, marks } = await this.#look(fqdn, signal);
    const mine = madeBy(await this.#owner(), marks);
    if (!mine?.startsWith(`${type} `)) return;
    const gone = [...found.filter((record) => describeRecord(record) === mine), ...marks];
    await this.#primary.update(zone, hasExactly(marks), gone.map(remove), signal);
  }

  async #look(fqdn: string, signal: AbortSignal): Promise<Standing> {
    const zone = this.#zone || (await findZone(this.#primary, fqdn, signal));
    const marks = await this.#records(markName(fqdn), TYPE.TXT, signal);
    const found: WireRecord[] = [];
    for (const type of TYPES) found.push(...(await this.#records(fqdn, TYPE[type], signal)));
    const byWildcard = found.length > 0 && (await this.#primary.update(zone, [nameIsFree(fqdn)], [], signal));
    return { zone, found: byWildcard ? [] : found, marks: marks.filter((mark) => recordText(mark).startsWith(MARK)) };
  }

  /** Of the name itself: a server that answers for an alias adds what it leads to. */
  async #records(name: string, type: number, signal: AbortSignal): Promise<WireRecord[]> {
    const { answers } = await this.#primary.query(name, type, signal);
    return answers.filter((record) => record.type === type && record.name === name.toLowerCase());
  }

  #owner(): Promise<string> {
    return installationId(this.#deps.store);
  }
}

/**
 * What has to hold and to change for a name to have the record; undefined when it has it.
 * @throws AppError "foreign_record"
 */
function updateOf(record: WireRecord, { found, marks }: Standing, owner: string) {
  const mine = madeBy(owner, marks);
  const other = found.find((each) => describeRecord(each) !== mine);
  if (other) throw foreign(record.name, `the record ${describeRecord(other)}`);
  if (marks.length > 0 && mine === undefined) throw foreign(record.name, 'the mark of another installation');
  const wanted = describeRecord(record);
  if (found.length > 0 && mine === wanted) return undefined;
  const name = markName(record.name);
  const mark = { name, type: TYPE.TXT, ttl: record.ttl, data: txtData(`${MARK}${owner} ${wanted}`) };
  return {
    prerequisites: [...asRead(record, found), ...(marks.length > 0 ? hasExactly(marks) : [nameIsFree(name)])],
    changes: [...[...found, ...marks].map(remove), add(record), add(mark)],
  };
}

/** What an installation wrote down to have made at a name, as `describeRecord` has it. */
function madeBy(owner: string, marks: readonly WireRecord[]): string | undefined {
  const prefix = `${MARK}${owner} `;
  const texts = marks.map(recordText);
  return texts.length === 1 && texts[0]?.startsWith(prefix) ? texts[0].slice(prefix.length) : undefined;
}

/** That what leads somewhere is as it was read. An alias tolerates nothing beside it. */
function asRead({ name, type }: WireRecord, found: readonly WireRecord[]): WireRecord[] {
  if (found.length === 0 && type === TYPE.CNAME) return [nameIsFree(name)];
  const absent = TYPES.map((each) => TYPE[each]).filter((each) => !found.some((record) => record.type === each));
  return [...hasExactly(found), ...absent.map((each) => hasNone(name, each))];
}

function markName(fqdn: string): string {
  return `${OWNER_LABEL}.${fqdn}`;
}
