import { dnKey, escapeValue } from '../schema/dn.ts';

/** The four branches of the tree. */
export type Branch = 'people' | 'groups' | 'sudoers' | 'services';

const BRANCHES: readonly Branch[] = ['people', 'groups', 'sudoers', 'services'];

/** Where a name points: the base, a branch, or something below a branch by its own part, e.g. "uid=alice". */
export type Place = { at: 'base' } | { at: 'branch'; branch: Branch } | { at: 'leaf'; branch: Branch; rdn: string };

/** The names of the tree under one base, as they are written and as they are compared. */
export class Names {
  readonly base: string;
  readonly baseKey: string;
  readonly subschema = 'cn=subschema';
  readonly #branchKeys: readonly { branch: Branch; key: string; below: string }[];
  readonly #peopleBelow: string;

  /** @throws Error when the base is no name */
  constructor(base: string) {
    const key = dnKey(base);
    if (!key) throw new Error(`"${base}" is no distinguished name such as "dc=berth,dc=internal"`);
    this.base = base;
    this.baseKey = key;
    this.#branchKeys = BRANCHES.map((branch) => ({
      branch,
      key: `ou=${branch},${key}`,
      below: `,ou=${branch},${key}`,
    }));
    this.#peopleBelow = `,ou=people,${key}`;
  }

  branch(branch: Branch): string {
    return `ou=${branch},${this.base}`;
  }

  person(username: string): string {
    return `uid=${escapeValue(username)},ou=people,${this.base}`;
  }

  group(name: string): string {
    return `cn=${escapeValue(name)},ou=groups,${this.base}`;
  }

  /** What a container binds as. */
  service(containerId: string): string {
    return `cn=${escapeValue(containerId)},ou=services,${this.base}`;
  }

  sudoRule(containerId: string, role: string): string {
    return `cn=${escapeValue(`${containerId}-${role}`)},ou=sudoers,${this.base}`;
  }

  /** The login name in the key of a person's name, whether or not there is such a person. */
  usernameOf(key: string): string | undefined {
    if (!key.startsWith('uid=') || !key.endsWith(this.#peopleBelow)) return undefined;
    return key.slice(4, key.length - this.#peopleBelow.length);
  }

  /** Where a name points, by its key; undefined for what is not of this tree. */
  place(key: string): Place | undefined {
    if (key === this.baseKey) return { at: 'base' };
    for (const each of this.#branchKeys) {
      if (key === each.key) return { at: 'branch', branch: each.branch };
      if (key.endsWith(each.below)) {
        return { at: 'leaf', branch: each.branch, rdn: key.slice(0, key.length - each.below.length) };
      }
    }
    return undefined;
  }
}
