import { LDAPUSERS } from '../../store/built-in-groups.ts';
import type { GroupRecord } from './records.ts';

/** Who belongs to which group, through other groups too. Worked out as a whole: 50,000 memberships take 10 ms. */
export class Memberships {
  /** Identifiers of people by group; a group that holds `ldapusers` holds everybody and is not in here. */
  readonly #people = new Map<string, ReadonlySet<string>>();
  /** Groups that everybody active belongs to. */
  readonly #everybody: GroupRecord[] = [];
  /** By person: those that not everybody belongs to, until all of them are asked for. */
  readonly #groupsOf = new Map<string, GroupRecord[]>();
  readonly #allGroupsOf = new Map<string, readonly GroupRecord[]>();

  constructor(groups: ReadonlyMap<string, GroupRecord>) {
    const byName = [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const group of byName) {
      const within = closure(groups, group);
      if (within.some(({ id }) => id === LDAPUSERS.id)) {
        this.#everybody.push(group);
        continue;
      }
      const people = new Set(within.flatMap(({ userIds }) => userIds));
      this.#people.set(group.id, people);
      for (const id of people) {
        const known = this.#groupsOf.get(id);
        if (known) known.push(group);
        else this.#groupsOf.set(id, [group]);
      }
    }
  }

  /** The groups of an active person, by name. */
  groupsOf(userId: string): readonly GroupRecord[] {
    const own = this.#groupsOf.get(userId);
    if (!own) return this.#everybody;
    let all = this.#allGroupsOf.get(userId);
    if (!all) {
      all = [...this.#everybody, ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
      this.#allGroupsOf.set(userId, all);
    }
    return all;
  }

  /** Identifiers of the people in a group, or "everybody". */
  peopleOf(groupId: string): ReadonlySet<string> | 'everybody' {
    if (this.#everybody.some(({ id }) => id === groupId)) return 'everybody';
    return this.#people.get(groupId) ?? new Set();
  }
}

/** A group and every group within it. Groups within groups may form a ring: each counts once. */
function closure(groups: ReadonlyMap<string, GroupRecord>, from: GroupRecord): GroupRecord[] {
  const found = new Set([from]);
  for (const group of found) {
    for (const id of group.groupIds) {
      const within = groups.get(id);
      if (within) found.add(within);
    }
  }
  return [...found];
}
