import type { Row } from './schema.ts';
import type { Db } from './store.ts';

/** A service with the prefix of paths at which it is found. */
export type PlacedService = Pick<Row<'services'>, 'id' | 'container_id' | 'site_id' | 'options'> & { path: string };

/** The services of a host name, each with its prefix. */
export function servicesAtHost(db: Db, host: string): Promise<PlacedService[]> {
  return db
    .selectFrom('service_names as n')
    .innerJoin('services as s', 's.id', 'n.service_id')
    .select(['s.id', 's.container_id', 's.site_id', 's.options', 'n.path'])
    .where('n.host', '=', host)
    .execute();
}
