import { directoryChangesSince, directoryRevision } from '../../store/directory-changes.ts';
import {
  type ContainerRows,
  directoryContainers,
  directoryGroups,
  directoryPeople,
  type GroupRows,
  type PeopleRows,
} from '../../store/directory-rows.ts';
import type { Row } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import type { Directory, DirectoryUpdate } from './directory.ts';
import type { ContainerRecord, GroupRecord, PersonRecord } from './records.ts';

/** More changed objects than this are read as a whole: databases limit how much one query may list. */
const MOST_IN_PIECES = 500;
/** How often a reading is made again because something moved meanwhile. */
const ROUNDS = 5;

type Ids = Record<Row<'directory_changes'>['kind'], readonly string[]> | undefined;

/**
 * Keeps a directory up to the store. One reading runs at a time; whoever asks meanwhile waits for the next one, which
 * begins after the question.
 */
export class DirectoryReader {
  readonly #store: Store;
  readonly #directory: Directory;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(store: Store, directory: Directory) {
    this.#store = store;
    this.#directory = directory;
  }

  /** Brings the directory at least to the revision that the store has when this is called. */
  catchUp(): Promise<void> {
    if (!this.#running) return this.#start();
    this.#next ??= this.#running.catch(() => undefined).then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#read().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  /** Until nothing moved while it was read: only then does it all belong together. */
  async #read(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const revision = await directoryRevision(this.#store.db);
      if (revision === this.#directory.revision) return;
      await this.#readTo(revision);
    }
  }

  async #readTo(revision: number): Promise<void> {
    const { db, clock } = this.#store;
    const known = this.#directory.revision;
    const changes = known < 0 ? [] : await directoryChangesSince(db, known);
    // Where old changes were pruned, the first one is not the next.
    const ids = changes[0]?.revision === known + 1 ? idsOf(changes) : undefined;
    const update = await readRecords(this.#store, ids);
    if (!ids) this.#directory.reset(update, revision, clock.now());
    else this.#directory.update(update, revision, Math.max(...changes.map(({ at }) => at)));
  }
}

function idsOf(changes: readonly Row<'directory_changes'>[]): Ids {
  const of = (wanted: string) => [
    ...new Set(changes.filter(({ kind }) => kind === wanted).map(({ object_id }) => object_id)),
  ];
  const ids = { user: of('user'), group: of('group'), container: of('container') };
  return Object.values(ids).some((each) => each.length > MOST_IN_PIECES) ? undefined : ids;
}

async function readRecords({ db }: Store, ids: Ids): Promise<DirectoryUpdate> {
  const people = peopleRecords(await directoryPeople(db, ids?.user));
  const groups = groupRecords(await directoryGroups(db, ids?.group));
  const containers = containerRecords(await directoryContainers(db, ids?.container));
  return {
    people: withGone(ids?.user, people),
    groups: withGone(ids?.group, groups),
    containers: withGone(ids?.container, containers),
  };
}

/** What was asked for and is not there any more has no record. */
function withGone<T extends { id: string }>(
  ids: readonly string[] | undefined,
  records: T[],
): Map<string, T | undefined> {
  const found = new Map<string, T | undefined>((ids ?? []).map((id) => [id, undefined]));
  for (const record of records) found.set(record.id, record);
  return found;
}

function groupedBy<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const known = groups.get(key(row));
    if (known) known.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

function peopleRecords({ users, keys }: PeopleRows): PersonRecord[] {
  const keysOf = groupedBy(keys, (key) => key.user_id);
  return users.map((user) => ({
    id: user.id,
    username: user.username,
    uidNumber: user.uid_number,
    displayName: user.display_name,
    email: user.email,
    active: user.status === 'active',
    shell: user.shell,
    keys: keysOf.get(user.id)?.map((key) => key.public_key) ?? NONE,
    passwordChangedAt: user.password_changed_at,
    createdAt: user.created_at,
  }));
}

const NONE: readonly string[] = [];

function groupRecords({ groups, members }: GroupRows): GroupRecord[] {
  const membersOf = groupedBy(members, (member) => member.group_id);
  return groups.map((group) => {
    const own = membersOf.get(group.id) ?? [];
    return {
      id: group.id,
      name: group.name,
      gidNumber: group.gid_number,
      description: group.description,
      administrator: group.administrator === 1,
      userIds: own.map(({ user_id }) => user_id).filter((id) => id !== null),
      groupIds: own.map(({ member_group_id }) => member_group_id).filter((id) => id !== null),
      createdAt: group.created_at,
    };
  });
}

function containerRecords({ containers, members, binds }: ContainerRows): ContainerRecord[] {
  const membersOf = groupedBy(members, (member) => member.container_id);
  const bindOf = new Map(binds.map((bind) => [bind.container_id, bind]));
  return containers.map((container) => {
    const bind = bindOf.get(container.id);
    return {
      id: container.id,
      hostname: container.hostname,
      fqdn: `${container.hostname}.${container.internal_domain}`,
      ownerId: container.owner_id,
      grants: (membersOf.get(container.id) ?? []).flatMap(({ user_id, group_id, role }) =>
        role === 'viewer' ? [] : [{ userId: user_id, groupId: group_id, role }],
      ),
      secretHash: bind?.secret_hash,
      formerHash: bind?.former_hash ?? undefined,
      formerUntil: bind?.former_until ?? 0,
      createdAt: container.created_at,
    };
  });
}
