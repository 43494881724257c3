/**
 * The directory in memory: what the store holds of people, groups and containers, kept up to date by what changed.
 * Who sees what of it is a `View`'s business.
 */
import { escapeValue } from '../schema/dn.ts';
import { foldCase } from '../schema/syntaxes.ts';
import { Memberships } from './memberships.ts';
import { Names } from './names.ts';
import { Person } from './person.ts';
import type { ContainerRecord, GroupRecord, PersonRecord } from './records.ts';

/** What moved: records by identifier, undefined for what is gone. */
export interface DirectoryUpdate {
  people: ReadonlyMap<string, PersonRecord | undefined>;
  groups: ReadonlyMap<string, GroupRecord | undefined>;
  containers: ReadonlyMap<string, ContainerRecord | undefined>;
}

/** The directory at one revision. */
export class Directory {
  readonly names: Names;
  readonly #people = new Map<string, Person>();
  readonly #byUsername = new Map<string, Person>();
  readonly #byUidNumber = new Map<number, Person>();
  readonly #byName = new Map<string, Set<Person>>();
  readonly #groups = new Map<string, GroupRecord>();
  readonly #groupsByName = new Map<string, GroupRecord>();
  readonly #groupsByGid = new Map<number, GroupRecord>();
  readonly #containers = new Map<string, ContainerRecord>();
  #memberships: Memberships | undefined;
  #sorted: Person[] | undefined;
  #revision = -1;
  #changedAt = 0;
  #groupsChangedAt = 0;

  constructor(base: string) {
    this.names = new Names(base);
  }

  /** People, groups and containers in it. */
  get size(): number {
    return this.#people.size + this.#groups.size + this.#containers.size;
  }

  /** The store's revision that this is at least at; -1 before anything was read. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * When it changed last, in milliseconds since the epoch and whole seconds: what clients see as the time of change.
   * SSSD keeps what it has when that time is the same, so two changes never share one.
   */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** When a group changed last, in the same way. */
  get groupsChangedAt(): number {
    return this.#groupsChangedAt;
  }

  /**
   * Takes what changed.
   * @param revision from which on this holds
   * @param at when, in milliseconds since the epoch
   */
  update(changes: DirectoryUpdate, revision: number, at: number): void {
    this.#changedAt = Math.max(Math.floor(at / 1_000) * 1_000, this.#changedAt + 1_000);
    this.#revision = revision;
    // All that is old goes first: names may have been exchanged.
    for (const id of changes.people.keys()) this.#forgetPerson(id);
    for (const id of changes.groups.keys()) this.#forgetGroup(id);
    for (const id of changes.containers.keys()) this.#containers.delete(id);
    for (const record of changes.people.values()) if (record) this.#addPerson(record);
    for (const record of changes.groups.values()) if (record) this.#addGroup(record);
    for (const [id, record] of changes.containers) if (record) this.#containers.set(id, record);
    if (changes.people.size > 0) this.#sorted = undefined;
    if (changes.groups.size === 0) return;
    this.#memberships = undefined;
    this.#groupsChangedAt = this.#changedAt;
  }

  /** Takes everything anew; what is not in it is gone. */
  reset(all: DirectoryUpdate, revision: number, at: number): void {
    const gone = <T>(known: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, T>) => {
      return new Map<string, T | undefined>([...[...known.keys()].map((id) => [id, undefined] as const), ...now]);
    };
    const { people, groups, containers } = all;
    this.update(
      {
        people: gone(this.#people, people),
        groups: gone(this.#groups, groups),
        containers: gone(this.#containers, containers),
      },
      revision,
      at,
    );
  }

  /** A person, active or not. */
  person(id: string): Person | undefined {
    return this.#people.get(id);
  }

  /** The active person of a login name. */
  personNamed(username: string): Person | undefined {
    return this.#byUsername.get(username);
  }

  /** The active person of a number. */
  personNumbered(uidNumber: number): Person | undefined {
    return this.#byUidNumber.get(uidNumber);
  }

  /** The active people whose display name is equal to a name, letter case aside. */
  peopleCalled(name: string): Iterable<Person> {
    return this.#byName.get(name) ?? [];
  }

  /** Everybody active, by login name. */
  activePeople(): readonly Person[] {
    this.#sorted ??= [...this.#byUsername.values()].sort((a, b) => (a.record.username < b.record.username ? -1 : 1));
    return this.#sorted;
  }

  groups(): Iterable<GroupRecord> {
    return this.#groups.values();
  }

  /** A group by its name as it stands in keys of names: folded and escaped. */
  groupNamed(name: string): GroupRecord | undefined {
    return this.#groupsByName.get(name);
  }

  groupNumbered(gidNumber: number): GroupRecord | undefined {
    return this.#groupsByGid.get(gidNumber);
  }

  container(id: string): ContainerRecord | undefined {
    return this.#containers.get(id);
  }

  containers(): Iterable<ContainerRecord> {
    return this.#containers.values();
  }

  get memberships(): Memberships {
    this.#memberships ??= new Memberships(this.#groups);
    return this.#memberships;
  }

  /** Whether a person may see everything. */
  isAdministrator(person: Person): boolean {
    return this.memberships.groupsOf(person.record.id).some(({ administrator }) => administrator);
  }

  #addPerson(record: PersonRecord): void {
    const person = new Person(this, record, this.#changedAt);
    this.#people.set(record.id, person);
    if (!record.active) return;
    this.#byUsername.set(record.username, person);
    this.#byUidNumber.set(record.uidNumber, person);
    const name = foldCase(person.shownName);
    const called = this.#byName.get(name);
    if (called) called.add(person);
    else this.#byName.set(name, new Set([person]));
  }

  #forgetPerson(id: string): void {
    const former = this.#people.get(id);
    if (!former) return;
    this.#people.delete(id);
    if (!former.record.active) return;
    this.#byUsername.delete(former.record.username);
    this.#byUidNumber.delete(former.record.uidNumber);
    const name = foldCase(former.shownName);
    const called = this.#byName.get(name);
    called?.delete(former);
    if (called?.size === 0) this.#byName.delete(name);
  }

  #addGroup(record: GroupRecord): void {
    this.#groups.set(record.id, record);
    this.#groupsByName.set(escapeValue(foldCase(record.name)), record);
    this.#groupsByGid.set(record.gidNumber, record);
  }

  #forgetGroup(id: string): void {
    const former = this.#groups.get(id);
    if (!former) return;
    this.#groups.delete(id);
    this.#groupsByName.delete(escapeValue(foldCase(former.name)));
    this.#groupsByGid.delete(former.gidNumber);
  }
}
