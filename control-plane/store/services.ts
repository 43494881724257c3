import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** One name of an HTTP service. */
export type ServiceName = Pick<Row<'service_names'>, 'host' | 'path' | 'domain_id'>;

/** A service with its names, the first one first; only HTTP services have any. */
export interface ServiceRow extends Row<'services'> {
  names: ServiceName[];
}

/** A service to be made. */
export interface NewService extends NewRow<'services'> {
  names: readonly ServiceName[];
}

/** Puts services in with their names. @throws UniqueViolation "service_names_place" or "services_port" */
export async function insertServices(tx: Tx, services: readonly NewService[]): Promise<void> {
  if (services.length === 0) return;
  const rows = services.map(({ names: _, ...row }) => row);
  await tx.db.insertInto('services').values(rows).execute();
  await insertNames(tx, services);
}

/** Gives a service other names. @throws UniqueViolation "service_names_place" */
export async function replaceNames(tx: Tx, service: Pick<NewService, 'id' | 'site_id' | 'names'>): Promise<void> {
  await tx.db.deleteFrom('service_names').where('service_id', '=', service.id).execute();
  await insertNames(tx, [service]);
}

/** The services of some containers, oldest first. */
export async function servicesOf(db: Db, containerIds: readonly string[]): Promise<ServiceRow[]> {
  if (containerIds.length === 0) return [];
  const query = db.selectFrom('services').selectAll().where('container_id', 'in', containerIds);
  return withNames(db, await query.orderBy('id').execute());
}

/** One service. */
export async function serviceById(db: Db, id: string): Promise<ServiceRow | undefined> {
  const rows = await db.selectFrom('services').selectAll().where('id', '=', id).execute();
  return (await withNames(db, rows))[0];
}

/** Adds the names of services, at most some hundred. */
export async function withNames(db: Db, services: readonly Row<'services'>[]): Promise<ServiceRow[]> {
  const ids = services.filter(({ kind }) => kind === 'http').map(({ id }) => id);
  const names = ids.length === 0 ? [] : await namesWhere(db, ids);
  return joinNames(services, names);
}

/** Services with their names, from the rows of both. @param names by position */
export function joinNames(
  services: readonly Row<'services'>[],
  names: readonly (ServiceName & { service_id: string })[],
): ServiceRow[] {
  const byService = Map.groupBy(names, ({ service_id }) => service_id);
  return services.map((service) => ({ ...service, names: byService.get(service.id) ?? [] }));
}

function namesWhere(db: Db, serviceIds: readonly string[]) {
  return db
    .selectFrom('service_names')
    .select(['service_id', 'host', 'path', 'domain_id'])
    .where('service_id', 'in', serviceIds)
    .orderBy('position')
    .execute();
}

async function insertNames(tx: Tx, services: readonly Pick<NewService, 'id' | 'site_id' | 'names'>[]): Promise<void> {
  const rows = services.flatMap(({ id, site_id, names }) =>
    names.map((name, position) => ({
      ...name,
      id: position === 0 ? id : `${id}.${position}`,
      service_id: id,
      site_id,
      position,
    })),
  );
  if (rows.length > 0) await tx.db.insertInto('service_names').values(rows).execute();
}
