import type { Directory } from './directory.ts';
import { type Entry, ShapedEntry } from './entry.ts';
import type { Memberships } from './memberships.ts';
import type { GroupRecord, PersonRecord } from './records.ts';
import { personShape } from './shapes.ts';

/** A person with the entry that every view shares, made when it is first asked for. */
export class Person {
  readonly record: PersonRecord;
  readonly #directory: Directory;
  #changedAt: number;
  #seen: Memberships | undefined;
  #groups: readonly GroupRecord[] = [];
  #entry: Entry | undefined;

  constructor(directory: Directory, record: PersonRecord, changedAt: number) {
    this.#directory = directory;
    this.record = record;
    this.#changedAt = changedAt;
  }

  /** What entries call the person. */
  get shownName(): string {
    return this.record.displayName || this.record.username;
  }

  get entry(): Entry {
    const { memberships } = this.#directory;
    if (this.#entry && this.#seen === memberships) return this.#entry;
    const groups = memberships.groupsOf(this.record.id);
    this.#seen = memberships;
    if (this.#entry && sameNames(groups, this.#groups)) return this.#entry;
    // Groups may have changed before anybody asked for this entry: its time of change must not be older than that.
    this.#changedAt = Math.max(this.#changedAt, this.#directory.groupsChangedAt);
    this.#groups = groups;
    this.#entry = this.#make(groups);
    return this.#entry;
  }

  #make(groups: readonly GroupRecord[]): Entry {
    const { names } = this.#directory;
    const subject = { person: this.record, groups, names, changedAt: this.#changedAt };
    return new ShapedEntry(names.person(this.record.username), personShape, subject);
  }
}

function sameNames(a: readonly GroupRecord[], b: readonly GroupRecord[]): boolean {
  return a.length === b.length && a.every(({ name }, at) => name === b[at]?.name);
}
