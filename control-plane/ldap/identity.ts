import type { Directory } from './directory/directory.ts';
import type { Person } from './directory/person.ts';
import type { ContainerRecord } from './directory/records.ts';
import { type Horizon, peopleInRole, View } from './directory/view.ts';

/** Who a connection has proved to be. */
export type Identity =
  | { kind: 'anonymous' }
  /** `secretHash` is that of the secret it bound with: when that one ends, so does the identity. */
  | { kind: 'container'; containerId: string; secretHash: string }
  /** `passwordChangedAt` likewise. */
  | { kind: 'person'; userId: string; passwordChangedAt: number };

export const ANONYMOUS: Identity = { kind: 'anonymous' };

const SELF: Omit<Horizon, 'people'> = { emptyGroups: false, containers: () => [], ownRules: false };
const EVERYTHING: Horizon = {
  people: undefined,
  emptyGroups: true,
  containers: (directory) => directory.containers(),
  ownRules: false,
};
/** Views kept. Beyond that all are dropped at once: each is made again in the time of a few searches. */
const MOST_VIEWS = 5_000;

/** The views of everybody who asks, at the directory's current revision. */
export class Views {
  readonly #directory: Directory;
  readonly #now: () => number;
  readonly #views = new Map<string, View>();
  #revision = -1;

  /** @param now milliseconds since the epoch */
  constructor(directory: Directory, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  /** What an identity sees; undefined once it is worth nothing any more, and for nobody in particular. */
  of(identity: Identity): View | undefined {
    if (this.#directory.revision !== this.#revision || this.#views.size > MOST_VIEWS) {
      this.#views.clear();
      this.#revision = this.#directory.revision;
    }
    switch (identity.kind) {
      case 'anonymous':
        return undefined;
      case 'container': {
        const container = this.container(identity);
        return container && this.#kept(container.id, () => containerView(this.#directory, container));
      }
      case 'person': {
        const person = this.person(identity);
        if (!person) return undefined;
        if (this.#directory.isAdministrator(person)) return this.#kept('', () => new View(this.#directory, EVERYTHING));
        return this.#kept(person.record.id, () => new View(this.#directory, { ...SELF, people: new Set([person]) }));
      }
    }
  }

  /** The container of an identity, while its secret works. */
  container({ containerId, secretHash }: Identity & { kind: 'container' }): ContainerRecord | undefined {
    const container = this.#directory.container(containerId);
    if (!container) return undefined;
    const former = container.formerHash === secretHash && container.formerUntil > this.#now();
    return container.secretHash === secretHash || former ? container : undefined;
  }

  /** The person of an identity, while active and with the password of then. */
  person({ userId, passwordChangedAt }: Identity & { kind: 'person' }): Person | undefined {
    const person = this.#directory.person(userId);
    const same = person?.record.active && person.record.passwordChangedAt === passwordChangedAt;
    return same ? person : undefined;
  }

  #kept(key: string, make: () => View): View {
    const known = this.#views.get(key);
    if (known) return known;
    const view = make();
    this.#views.set(key, view);
    return view;
  }
}

function containerView(directory: Directory, container: ContainerRecord): View {
  const people = new Set<Person>();
  for (const role of ['owner', 'maintainer', 'user'] as const) {
    for (const person of peopleInRole(directory, container, role)) people.add(person);
  }
  return new View(directory, { people, emptyGroups: false, containers: () => [container], ownRules: true });
}
