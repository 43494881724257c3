/**
 * What the directory shows of people, groups and logins has a revision of its own, raised by every transaction that
 * changes it. Whoever keeps a copy (the LDAP gateways) compares revisions and reads again what the changes name.
 */
import { counterValue, raise } from './counters.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Changes kept. Whoever is further behind reads everything instead. */
const KEEP = 20_000;
const PRUNE_EVERY = 1_000;

/** The kinds of things whose entries change. */
export type DirectoryKind = Row<'directory_changes'>['kind'];

/**
 * Notes that what the directory shows of something changes: raises the revision, says what moved, and nudges.
 * It locks the counter until the transaction ends, so revisions become visible in their order.
 * @returns the revision from which on the change holds
 */
export async function bumpDirectory(tx: Tx, kind: DirectoryKind, id: string): Promise<number> {
  const revision = await raise(tx, 'directory_revision');
  await tx.db.insertInto('directory_changes').values({ revision, kind, object_id: id, at: tx.now }).execute();
  if (revision % PRUNE_EVERY === 0) {
    await tx.db
      .deleteFrom('directory_changes')
      .where('revision', '<=', revision - KEEP)
      .execute();
  }
  tx.nudge({ kind: 'directory', id: '' });
  return revision;
}

/** The directory's current revision. */
export function directoryRevision(db: Db): Promise<number> {
  return counterValue(db, 'directory_revision');
}

/** The changes after a revision, oldest first; fewer than the revisions in between when some were pruned. */
export function directoryChangesSince(db: Db, revision: number): Promise<Row<'directory_changes'>[]> {
  return db.selectFrom('directory_changes').selectAll().where('revision', '>', revision).orderBy('revision').execute();
}
