import { noteFreedAddress } from './allocate-address.ts';
import { bumpDirectory } from './directory-changes.ts';
import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Puts a container in. @throws UniqueViolation "containers_hostname", "_address", "_mac" or "_vmid" */
export async function insertContainer(tx: Tx, container: NewRow<'containers'>): Promise<void> {
  await tx.db.insertInto('containers').values(container).execute();
  await bumpDirectory(tx, 'container', container.id);
}

/** Removes a container with its services and what was seen of it, and lets its address rest. Twice is harmless. */
export async function deleteContainer(tx: Tx, id: string): Promise<void> {
  const row = await containerById(tx.db, id);
  if (!row) return;
  await tx.db.deleteFrom('conditions').where('container_id', '=', id).execute();
  await tx.db.deleteFrom('containers').where('id', '=', id).execute();
  await noteFreedAddress(tx, row.site_id, row.address);
  await bumpDirectory(tx, 'container', id);
}

/** One container. */
export function containerById(db: Db, id: string): Promise<Row<'containers'> | undefined> {
  return db.selectFrom('containers').selectAll().where('id', '=', id).executeTakeFirst();
}
