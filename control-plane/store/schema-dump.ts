/**
 * The schema as the engine itself tells it, as SQL text in a stable form: what the golden files hold, and what a
 * database that came here by other migrations must equal.
 */
import { sql } from 'kysely';
import type { Db, DialectName } from './store.ts';

/** Dumps every table, constraint and index of ours, sorted by name. */
export async function dumpSchema(db: Db, dialect: DialectName): Promise<string> {
  const statements = await DUMPS[dialect](db);
  return `${statements.join('\n\n')}\n`;
}

const DUMPS: Record<DialectName, (db: Db) => Promise<string[]>> = {
  sqlite: dumpSqlite,
  postgres: dumpPostgres,
  mysql: dumpMysql,
};

async function dumpSqlite(db: Db): Promise<string[]> {
  const { rows } = await sql<{ sql: string }>`
    select sql from sqlite_master where sql is not null and name not like 'kysely%' and name not like 'sqlite%'
    order by tbl_name, type desc, name`.execute(db);
  return rows.map((row) => `${broken(row.sql)};`);
}

/** Each column and constraint on a line of its own. */
function broken(statement: string): string {
  return statement
    .replace(/^(CREATE TABLE "\w+" )\((.*)\)$/s, '$1(\n  $2\n)')
    .replaceAll(/, (?="\w+" [a-z]|constraint ")/g, ',\n  ');
}

async function dumpPostgres(db: Db): Promise<string[]> {
  const { rows } = await sql<{ statement: string }>`
    select statement from (
      select c.relname as tab, 0 as rank, c.relname as name, 'create table ' || c.relname || E' (\n' || (
        select string_agg(line, E',\n' order by part, number, line) from (
          select 0 as part, a.attnum as number,
            '  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end
            || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as line
          from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          union all
          select 1, 0, '  constraint ' || conname || ' ' || pg_get_constraintdef(oid)
          from pg_constraint where conrelid = c.oid
        ) as lines) || E'\n);' as statement
      from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
      union all
      select i.tablename, 1, i.indexname, i.indexdef || ';' from pg_indexes i
      where i.schemaname = current_schema()
        and not exists (select 1 from pg_constraint k where k.conname = i.indexname)
      union all
      select t.tgrelid::regclass::text, 2, t.tgname,
        pg_get_functiondef(t.tgfoid) || E'\n' || pg_get_triggerdef(t.oid) || ';'
      from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where not t.tgisinternal and c.relnamespace = current_schema()::regnamespace
    ) as statements where tab not like 'kysely%' order by tab, rank, name`.execute(db);
  return rows.map((row) => row.statement);
}

async function dumpMysql(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = database() and table_name not like 'kysely%' order by table_name`.execute(db);
  const statements: string[] = [];
  for (const { name } of rows) {
    const shown = await sql<{ 'Create Table': string }>`show create table ${sql.table(name)}`.execute(db);
    statements.push(`${sameOnBoth(shown.rows[0]?.['Create Table'] ?? '')};`);
  }
  const { rows: triggers } = await sql<{ statement: string }>`
    select concat('create trigger ', trigger_name, ' ', lower(action_timing), ' ', lower(event_manipulation), ' on ',
      event_object_table, ' for each row ', action_statement, ';') as statement
    from information_schema.triggers where trigger_schema = database() order by trigger_name`.execute(db);
  return [...statements, ...triggers.map((row) => row.statement)];
}

/** Leaves out what MySQL and MariaDB tell differently though it is the same. */
function sameOnBoth(statement: string): string {
  return statement
    .replaceAll(/\b(bigint|int|smallint)\(\d+\)/g, '$1')
    .replaceAll(/ CHARACTER SET \w+| COLLATE \w+(?= )/g, '')
    .replaceAll(/ DEFAULT \(_utf8mb4(?:\\')?''(?:\\')?\)/g, " DEFAULT ''")
    .replaceAll(/ AUTO_INCREMENT=\d+/g, '');
}
