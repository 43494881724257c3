/**
 * What one identity sees of the directory at one revision, with the entries it is shown. Views are cheap and made
 * anew after every change of the directory; the entries of people are shared between them.
 */
import type { Directory } from './directory.ts';
import { type Entry, ShapedEntry } from './entry.ts';
import type { Person } from './person.ts';
import type { ContainerRecord, GroupRecord } from './records.ts';
import { groupShape, serviceShape, sudoShape } from './shapes.ts';

/** Who is seen: everybody active, or those listed. */
export interface Horizon {
  /** Active people, or undefined for all. */
  people: ReadonlySet<Person> | undefined;
  /** Whether groups without a member in sight are seen too. */
  emptyGroups: boolean;
  /** Containers whose accounts and rules of sudo are seen. */
  containers: (directory: Directory) => Iterable<ContainerRecord>;
  /** Whether the rules are for the guest that asks, whatever it calls itself. */
  ownRules: boolean;
}

/** What is seen. */
export class View {
  readonly directory: Directory;
  readonly #horizon: Horizon;
  readonly #groups = new Map<string, Entry>();
  #sorted: readonly Person[] | undefined;
  readonly #seenGroups = new Map<GroupRecord, boolean>();
  #visibleGroups: readonly GroupRecord[] | undefined;
  #sudoRules: ReadonlyMap<string, Entry> | undefined;
  #services: ReadonlyMap<string, Entry> | undefined;

  constructor(directory: Directory, horizon: Horizon) {
    this.directory = directory;
    this.#horizon = horizon;
  }

  /** How many people are seen. */
  get size(): number {
    return this.#horizon.people?.size ?? this.directory.activePeople().length;
  }

  /** Whether an active person is seen. */
  sees(person: Person): boolean {
    return this.#horizon.people?.has(person) ?? true;
  }

  /** The people seen, by login name. */
  people(): readonly Person[] {
    const { people } = this.#horizon;
    if (!people) return this.directory.activePeople();
    this.#sorted ??= [...people].sort((a, b) => (a.record.username < b.record.username ? -1 : 1));
    return this.#sorted;
  }

  /** The groups seen, by name. */
  groups(): readonly GroupRecord[] {
    this.#visibleGroups ??= this.#groupsInSight().sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#visibleGroups;
  }

  /** Whether a group is seen. */
  seesGroup(group: GroupRecord): boolean {
    if (this.#horizon.emptyGroups) return true;
    let seen = this.#seenGroups.get(group);
    if (seen === undefined) {
      seen = this.#hasMemberInSight(group);
      this.#seenGroups.set(group, seen);
    }
    return seen;
  }

  /** The entry of a group that is seen. */
  group(group: GroupRecord): Entry {
    const known = this.#groups.get(group.id);
    if (known) return known;
    const entry = this.#groupEntry(group);
    this.#groups.set(group.id, entry);
    return entry;
  }

  /** The groups of a person that is seen; so all of them are seen too. */
  groupsOf(person: Person): readonly GroupRecord[] {
    return this.directory.memberships.groupsOf(person.record.id);
  }

  /** The people seen that belong to a group, by login name. */
  membersOf(group: GroupRecord): readonly Person[] {
    const ids = this.directory.memberships.peopleOf(group.id);
    if (ids === 'everybody') return this.people();
    if (ids.size * 4 > this.size) return this.people().filter(({ record }) => ids.has(record.id));
    return [...this.#inSight(ids)].sort((a, b) => (a.record.username < b.record.username ? -1 : 1));
  }

  /** The rules of sudo, by the key of their own part of the name. */
  sudoRules(): ReadonlyMap<string, Entry> {
    this.#sudoRules ??= new Map(
      [...this.#horizon.containers(this.directory)].flatMap((container) =>
        (['maintainer', 'owner'] as const).map((role) => [
          `cn=${container.id}-${role}`,
          this.#sudoRule(container, role),
        ]),
      ),
    );
    return this.#sudoRules;
  }

  /** The accounts of containers, by the key of their own part of the name. */
  services(): ReadonlyMap<string, Entry> {
    const { names, changedAt } = this.directory;
    this.#services ??= new Map(
      [...this.#horizon.containers(this.directory)].map((container) => [
        `cn=${container.id}`,
        new ShapedEntry(names.service(container.id), serviceShape, { container, names, changedAt }),
      ]),
    );
    return this.#services;
  }

  #groupsInSight(): GroupRecord[] {
    if (this.#horizon.emptyGroups) return [...this.directory.groups()];
    return [...new Set(this.people().flatMap((person) => this.groupsOf(person)))];
  }

  #hasMemberInSight(group: GroupRecord): boolean {
    const ids = this.directory.memberships.peopleOf(group.id);
    return ids === 'everybody' ? this.size > 0 : !this.#inSight(ids).next().done;
  }

  *#inSight(ids: ReadonlySet<string>): Generator<Person, undefined> {
    for (const id of ids) {
      const person = this.directory.person(id);
      if (person?.record.active && this.sees(person)) yield person;
    }
  }

  #groupEntry(group: GroupRecord): Entry {
    const { names, changedAt, memberships } = this.directory;
    const ids = memberships.peopleOf(group.id);
    let members: readonly string[] | undefined;
    return new ShapedEntry(names.group(group.name), groupShape, {
      group,
      members: () => {
        members ??= this.membersOf(group).map(({ record }) => record.username);
        return members;
      },
      hasMember: (username) => {
        const person = this.directory.personNamed(username);
        return person !== undefined && this.sees(person) && (ids === 'everybody' || ids.has(person.record.id));
      },
      names,
      changedAt,
    });
  }

  #sudoRule(container: ContainerRecord, role: 'owner' | 'maintainer'): Entry {
    const { names, changedAt } = this.directory;
    return new ShapedEntry(names.sudoRule(container.id, role), sudoShape, {
      container,
      role,
      users: [...peopleInRole(this.directory, container, role)].map(({ record }) => record.username).sort(),
      hosts: this.#horizon.ownRules ? ['ALL'] : [container.hostname, container.fqdn],
      names,
      changedAt,
    });
  }
}

/** The active people who have exactly a role in a container, by themselves or through groups. */
export function peopleInRole(
  directory: Directory,
  container: ContainerRecord,
  role: 'owner' | 'maintainer' | 'user',
): Set<Person> {
  const ids = new Set<string>();
  const found = new Set<Person>();
  if (role === 'owner') ids.add(container.ownerId);
  for (const grant of container.grants) {
    if (grant.role !== role) continue;
    if (grant.userId) ids.add(grant.userId);
    const members = grant.groupId ? directory.memberships.peopleOf(grant.groupId) : new Set<string>();
    if (members === 'everybody') for (const person of directory.activePeople()) found.add(person);
    else for (const id of members) ids.add(id);
  }
  for (const id of ids) {
    const person = directory.person(id);
    if (person?.record.active) found.add(person);
  }
  return found;
}
