/** What is kept valid, with what is served of it. */
import type { Row } from './schema.ts';
import type { Db } from './store.ts';

/** A row of `managed_certificates` with the certificate that is served, if there is one. */
export interface ManagedWithServed {
  managed: Row<'managed_certificates'>;
  served: Row<'certificates'> | undefined;
}

/** How one of them stands, in short. */
export type ManagedState = Pick<
  Row<'managed_certificates'>,
  'domain_id' | 'name' | 'state' | 'last_error' | 'last_error_at' | 'created_at'
> & { not_after: number | null };

/** How the managed certificates of some domains stand, by name. */
export function managedStates(db: Db, domainIds: readonly string[]): Promise<ManagedState[]> {
  return db
    .selectFrom('managed_certificates as m')
    .leftJoin('certificates as c', 'c.id', 'm.certificate_id')
    .select(['m.domain_id', 'm.name', 'm.state', 'm.last_error', 'm.last_error_at', 'm.created_at', 'c.not_after'])
    .where('m.domain_id', 'in', domainIds)
    .orderBy('m.name')
    .execute();
}

/** The managed certificates of a domain by name, from after a name on. */
export async function managedPage(
  db: Db,
  domainId: string,
  after: string | undefined,
  limit: number,
): Promise<ManagedWithServed[]> {
  let query = db.selectFrom('managed_certificates').selectAll().where('domain_id', '=', domainId).orderBy('name');
  if (after !== undefined) query = query.where('name', '>', after);
  return withServed(db, await query.limit(limit).execute());
}

/** The managed certificates of a domain that need attention first: failed, then on their way, then the others by their ends. */
export async function managedByNeed(db: Db, domainId: string, limit: number): Promise<ManagedWithServed[]> {
  const rows = await db
    .selectFrom('managed_certificates as m')
    .leftJoin('certificates as c', 'c.id', 'm.certificate_id')
    .selectAll('m')
    .where('m.domain_id', '=', domainId)
    .orderBy((eb) =>
      eb
        .case()
        .when('m.state', 'in', ['failed', 'expired'])
        .then(0)
        .when('m.state', '=', 'valid')
        .then(2)
        .else(1)
        .end(),
    )
    .orderBy('c.not_after')
    .orderBy('m.name')
    .limit(limit)
    .execute();
  return withServed(db, rows);
}

/** One by identifier. */
export async function managedWithServed(db: Db, id: string): Promise<ManagedWithServed | undefined> {
  const rows = await db.selectFrom('managed_certificates').selectAll().where('id', '=', id).execute();
  return (await withServed(db, rows))[0];
}

async function withServed(db: Db, rows: readonly Row<'managed_certificates'>[]): Promise<ManagedWithServed[]> {
  const ids = rows.flatMap(({ certificate_id }) => certificate_id ?? []);
  const served =
    ids.length === 0 ? [] : await db.selectFrom('certificates').selectAll().where('id', 'in', ids).execute();
  const byId = new Map(served.map((row) => [row.id, row]));
  return rows.map((managed) => ({ managed, served: byId.get(managed.certificate_id ?? '') }));
}
