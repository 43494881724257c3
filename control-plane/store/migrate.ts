import type { Kysely } from 'kysely';
import { type MigrationProvider, Migrator } from 'kysely/migration';
import { type Types, typesOf } from './dialect.ts';
import * as initial from './migrations/0001-initial.ts';
import * as people from './migrations/0002-people.ts';
import * as guestLogins from './migrations/0003-guest-logins.ts';
import * as coveredRevision from './migrations/0004-covered-revision.ts';
import * as access from './migrations/0005-access.ts';
import * as identityProviders from './migrations/0006-identity-providers.ts';
import * as ingress from './migrations/0007-ingress.ts';
import * as requestIds from './migrations/0008-request-ids.ts';
import * as restore from './migrations/0009-restore.ts';
import type { Database } from './schema.ts';
import type { DialectName } from './store.ts';

type Step = { up(db: Kysely<unknown>, is: Types): Promise<void> };

/** Every migration by name. Forward only: a released one is never edited, a wrong one is put right by the next. */
const STEPS: Record<string, Step> = {
  '0001-initial': initial,
  '0002-people': people,
  '0003-guest-logins': guestLogins,
  '0004-covered-revision': coveredRevision,
  '0005-access': access,
  '0006-identity-providers': identityProviders,
  '0007-ingress': ingress,
  '0008-request-ids': requestIds,
  '0009-restore': restore,
};

/** Names of all migrations, oldest first. */
export const SCHEMAS: readonly string[] = Object.keys(STEPS);

/**
 * Brings the tables up to this version, or only up to the migration that is named. Kysely's migrator holds a lock meanwhile (an advisory lock on PostgreSQL,
 * GET_LOCK on MySQL, the writer's transaction on SQLite), so that replicas may start at the same moment.
 * @throws the engine's own error when a step fails, and an error naming it when the database is of a newer version
 */
export async function migrate(db: Kysely<Database>, dialect: DialectName, upTo?: string): Promise<void> {
  const migrator = new Migrator({ db, provider: provider(typesOf(dialect)) });
  const { error } = await (upTo === undefined ? migrator.migrateToLatest() : migrator.migrateTo(upTo));
  if (error) throw error;
}

function provider(types: Types): MigrationProvider {
  const migrations = Object.entries(STEPS).map(([name, step]) => [
    name,
    { up: (db: Kysely<unknown>) => step.up(db, types) },
  ]);
  return { getMigrations: async () => Object.fromEntries(migrations) };
}
