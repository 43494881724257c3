import { Kysely } from 'kysely';
import { dialectOf } from '../../store/dialect.ts';
import { migrate } from '../../store/migrate.ts';
import type { Database } from '../../store/schema.ts';

/** Makes the tables of a database, and nothing else. @param upTo the newest migration to run */
export async function migrated(url: string, upTo?: string): Promise<void> {
  const { name, dialect } = await dialectOf(url, () => {});
  const db = new Kysely<Database>({ dialect });
  await migrate(db, name, upTo).finally(() => db.destroy());
}
