import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectName } from '../store.ts';
import { unlessDone } from './create.ts';

/**
 * Makes the database refuse to change or delete rows of a table, whoever asks.
 * @throws on a MySQL with a binary log where the user may not make triggers; the error says what to set
 */
export async function appendOnly(db: Kysely<unknown>, dialect: DialectName, table: string): Promise<void> {
  const message = `rows of ${table} are never changed or deleted`;
  for (const statement of STATEMENTS[dialect](table, message)) {
    await unlessDone('ER_TRG_ALREADY_EXISTS', async () => void (await statement.execute(db)));
  }
}

const STATEMENTS: Record<DialectName, (table: string, message: string) => RawBuilder<unknown>[]> = {
  sqlite: (table, message) =>
    ['update', 'delete'].map(
      (verb) => sql`create trigger ${sql.id(`${table}_no_${verb}`)} before ${sql.raw(verb)} on ${sql.table(table)}
begin
  select raise(abort, ${sql.lit(message)});
end`,
    ),
  postgres: (table, message) => [
    sql`create function ${sql.id(`${table}_append_only`)}() returns trigger language plpgsql as ${sql.lit(
      `begin\n  raise exception '${message}';\nend`,
    )}`,
    sql`create trigger ${sql.id(`${table}_no_change`)} before update or delete or truncate on ${sql.table(table)}
      for each statement execute function ${sql.id(`${table}_append_only`)}()`,
  ],
  mysql: (table, message) =>
    ['update', 'delete'].map(
      (verb) => sql`create trigger ${sql.id(`${table}_no_${verb}`)} before ${sql.raw(verb)} on ${sql.table(table)}
for each row signal sqlstate '45000' set message_text = ${sql.lit(message)}`,
    ),
};
