import type { ServiceRow } from '../../store/services.ts';
import type { Db } from '../../store/store.ts';
import { groupsNamed } from './service-message.ts';

/** The names of the groups that the options of some services name, by identifier. */
export async function groupNames(db: Db, services: readonly ServiceRow[]): Promise<Map<string, string>> {
  const ids = groupsNamed(services);
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('groups').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
