import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Puts services in. @throws UniqueViolation "services_host" or "services_port" */
export async function insertServices(tx: Tx, services: readonly NewRow<'services'>[]): Promise<void> {
  if (services.length > 0) await tx.db.insertInto('services').values(services).execute();
}

/** The services of some containers, oldest first. */
export async function servicesOf(db: Db, containerIds: readonly string[]): Promise<Row<'services'>[]> {
  if (containerIds.length === 0) return [];
  return db.selectFrom('services').selectAll().where('container_id', 'in', containerIds).orderBy('id').execute();
}
