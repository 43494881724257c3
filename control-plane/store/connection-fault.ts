import { Kysely, sql } from 'kysely';
import { dialectOf } from './dialect.ts';

/**
 * Why a database cannot be used, in its own words, or undefined when it answers. A file of SQLite that is not there is
 * no fault, and is not made.
 */
export async function connectionFault(url: string): Promise<string | undefined> {
  if (url.startsWith('sqlite:')) return undefined;
  let db: Kysely<unknown> | undefined;
  try {
    const { dialect } = await dialectOf(url, () => undefined);
    db = new Kysely<unknown>({ dialect });
    await sql`select 1`.execute(db);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    await db?.destroy();
  }
}

// Where a name has several addresses, the errors of all of them come as one without words.
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
}
