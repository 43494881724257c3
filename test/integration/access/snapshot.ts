import type { Store } from '@berth/control-plane/store/store.ts';
import { sql } from 'kysely';

type Rows = Record<string, unknown>[];

/** Every row of every table, by table. SQLite only. */
export type Snapshot = ReadonlyMap<string, Rows>;

/** Reads everything there is. */
export async function takeSnapshot({ db }: Store): Promise<Snapshot> {
  const { rows: tables } = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' and name not like 'kysely%' order by name`.execute(db);
  const all = new Map<string, Rows>();
  for (const { name } of tables) {
    all.set(name, (await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(db)).rows);
  }
  return all;
}

/** The tables whose rows are not the same in two snapshots. */
export function changedTables(before: Snapshot, after: Snapshot): string[] {
  return [...before].filter(([name, rows]) => textOf(rows) !== textOf(after.get(name) ?? [])).map(([name]) => name);
}

/** Puts the rows of some tables back as they were, past every constraint and trigger that would have a say in it. */
export async function restore({ db }: Store, snapshot: Snapshot, tables: readonly string[]): Promise<void> {
  const { rows: triggers } = await sql<{ name: string; sql: string }>`
    select name, sql from sqlite_master where type = 'trigger'`.execute(db);
  await sql`pragma foreign_keys = off`.execute(db);
  for (const { name } of triggers) await sql`drop trigger ${sql.id(name)}`.execute(db);
  for (const name of tables) await sql`delete from ${sql.table(name)}`.execute(db);
  for (const name of tables) {
    for (const row of snapshot.get(name) ?? [])
      await db
        .insertInto(name as 'users')
        .values(row as never)
        .execute();
  }
  for (const { sql: statement } of triggers) await sql.raw(statement).execute(db);
  await sql`pragma foreign_keys = on`.execute(db);
}

function textOf(rows: Rows): string {
  return JSON.stringify(rows, (_, value) => (value instanceof Uint8Array ? [...value] : value));
}

/** How many rows this connection has written so far; as long as it stays the same, so do the tables. */
export async function rowsWritten({ db }: Store): Promise<number> {
  const { rows } = await sql<{ n: number }>`select total_changes() as n`.execute(db);
  return rows[0]?.n ?? 0;
}
