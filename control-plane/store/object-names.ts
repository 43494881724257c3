import type { Db } from './store.ts';

type Lookup = (db: Db, id: string) => Promise<{ name: string } | undefined>;

const named =
  (table: 'groups' | 'sites' | 'nodes' | 'agents' | 'oidc_providers' | 'domains' | 'acme_accounts'): Lookup =>
  (db, id) =>
    db.selectFrom(table).select('name').where('id', '=', id).executeTakeFirst();

const LOOKUPS: Record<string, Lookup> = {
  user: (db, id) => db.selectFrom('users').select('username as name').where('id', '=', id).executeTakeFirst(),
  group: named('groups'),
  site: named('sites'),
  node: named('nodes'),
  agent: named('agents'),
  'identity-provider': named('oidc_providers'),
  domain: named('domains'),
  'acme-account': named('acme_accounts'),
  async container(db, id) {
    const row = await db
      .selectFrom('containers')
      .innerJoin('sites', 'sites.id', 'containers.site_id')
      .select(['sites.name as site', 'containers.hostname'])
      .where('containers.id', '=', id)
      .executeTakeFirst();
    return row && { name: `${row.site}/${row.hostname}` };
  },
};

/** What people call an object of some kind; empty when it is gone or has no name. */
export async function objectName(db: Db, kind: string, id: string): Promise<string> {
  return (await LOOKUPS[kind]?.(db, id))?.name ?? '';
}
