import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Requests are forgotten this long after they were sent, decided or not, in milliseconds. */
export const ACCESS_REQUEST_MS = 90 * 24 * 3_600_000;

/** A request with the names that stand in it. */
export interface NamedRequest extends Row<'access_requests'> {
  site_name: string;
  username: string;
  display_name: string;
  decided_by_name: string | null;
}

/** Requests with their names, newest first. */
export function namedRequests(db: Db) {
  return db
    .selectFrom('access_requests')
    .innerJoin('sites', 'sites.id', 'access_requests.site_id')
    .innerJoin('users', 'users.id', 'access_requests.user_id')
    .leftJoin('users as decider', 'decider.id', 'access_requests.decided_by')
    .selectAll('access_requests')
    .select(['sites.name as site_name', 'users.username', 'users.display_name'])
    .select('decider.username as decided_by_name')
    .orderBy('access_requests.id', 'desc');
}

/** One request with its names. */
export function namedRequest(db: Db, id: string): Promise<NamedRequest> {
  return namedRequests(db).where('access_requests.id', '=', id).executeTakeFirstOrThrow();
}

/** A request by identifier. */
export function requestById(db: Db, id: string): Promise<Row<'access_requests'> | undefined> {
  return db.selectFrom('access_requests').selectAll().where('id', '=', id).executeTakeFirst();
}

/** What a person asked for and nobody has decided. */
export function openRequestsBy(db: Db, userId: string): Promise<Row<'access_requests'>[]> {
  return db
    .selectFrom('access_requests')
    .selectAll()
    .where('user_id', '=', userId)
    .where('state', '=', 'open')
    .execute();
}

/** How many requests about a container nobody has decided. */
export async function countOpenRequests(db: Db, containerId: string): Promise<number> {
  const row = await db
    .selectFrom('access_requests')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('container_id', '=', containerId)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  return row.n;
}

/** Puts a request in. */
export async function insertRequest(tx: Tx, request: NewRow<'access_requests'>): Promise<void> {
  await tx.db.insertInto('access_requests').values(request).execute();
  moved(tx, request.container_id ?? null);
}

/** Changes a request that is open. @returns whether it still was */
export async function updateOpenRequest(
  tx: Tx,
  { id, container_id }: Pick<Row<'access_requests'>, 'id' | 'container_id'>,
  change: Partial<Row<'access_requests'>>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('access_requests')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst();
  moved(tx, container_id);
  return numUpdatedRows > 0n;
}

/** Forgets requests that are too old. */
export async function pruneRequests(tx: Tx): Promise<void> {
  const last = tx.now - ACCESS_REQUEST_MS;
  await tx.db.deleteFrom('access_requests').where('created_at', '<=', last).execute();
}

function moved(tx: Tx, containerId: string | null): void {
  if (containerId !== null) tx.nudge({ kind: 'container', id: containerId });
}
