/** What tables a database has, as its engine's own catalogue tells it. */
import type { DialectName } from '../store/store.ts';
import type { RawDatabase } from './raw-database.ts';
import { columnTypeOf, type Table } from './rows.ts';

/** Not carried: where Kysely keeps which migrations were run, and MySQL's feed, which is about this second. */
const NOT_CARRIED = /^(kysely_.*|nudges)$/;

/** For each column: its table, its name, its declared type, and its place in the primary key (0: none). */
const COLUMNS: Record<DialectName, string> = {
  sqlite: `select m.name as t, c.name as c, c.type as declared, c.pk as pk
    from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\'`,
  postgres: `select c.relname as t, a.attname as c, format_type(a.atttypid, a.atttypmod) as declared,
      coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1 as pk
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace`,
  mysql: `select c.table_name as t, c.column_name as c, c.data_type as declared, coalesce(k.ordinal_position, 0) as pk
    from information_schema.columns c left join information_schema.key_column_usage k
      on k.table_schema = c.table_schema and k.table_name = c.table_name and k.column_name = c.column_name
      and k.constraint_name = 'PRIMARY'
    where c.table_schema = database()`,
};

/** For each foreign key: whose it is and to whom it leads. */
const REFERENCES: Record<DialectName, string> = {
  sqlite: `select m.name as t, f."table" as target
    from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table'`,
  postgres: `select c.relname as t, r.relname as target from pg_constraint k
    join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
    where k.contype = 'f' and k.connamespace = current_schema()::regnamespace`,
  mysql: `select table_name as t, referenced_table_name as target
    from information_schema.referential_constraints where constraint_schema = database()`,
};

/** The tables that are ours, referenced ones before those that refer to them. */
export async function tablesOf(raw: RawDatabase): Promise<Table[]> {
  const rows = await raw.query(COLUMNS[raw.dialect]);
  const byTable = Map.groupBy(rows, ({ t }) => String(t));
  const tables = new Map<string, Table>();
  for (const [name, columns] of byTable) {
    if (NOT_CARRIED.test(name)) continue;
    const keyed = columns.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
    tables.set(name, {
      name,
      key: keyed.map(({ c }) => String(c)),
      columns: columns
        .map(({ c, declared }) => ({ name: String(c), type: columnTypeOf(String(declared)) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    });
  }
  return inOrder(tables, await referencesOf(raw));
}

/** The newest migration that was run; undefined in a database without any. */
export async function schemaOf(raw: RawDatabase): Promise<string | undefined> {
  const columns = await raw.query(COLUMNS[raw.dialect]);
  if (!columns.some(({ t }) => t === 'kysely_migration')) return undefined;
  const rows = await raw.query('select max(name) as name from kysely_migration');
  return typeof rows[0]?.name === 'string' ? rows[0].name : undefined;
}

async function referencesOf(raw: RawDatabase): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const { t, target } of await raw.query(REFERENCES[raw.dialect])) {
    if (t === target) continue;
    const targets = found.get(String(t)) ?? new Set();
    found.set(String(t), targets.add(String(target)));
  }
  return found;
}

/** @throws Error when tables refer to each other in a circle, which no order can respect */
function inOrder(tables: ReadonlyMap<string, Table>, references: ReadonlyMap<string, Set<string>>): Table[] {
  const ordered: Table[] = [];
  const left = new Map([...tables].sort(([a], [b]) => (a < b ? -1 : 1)));
  while (left.size > 0) {
    const next = [...left.values()].find(({ name }) => [...(references.get(name) ?? [])].every((t) => !left.has(t)));
    if (!next) throw new Error(`tables refer to each other in a circle: ${[...left.keys()].join(', ')}`);
    ordered.push(next);
    left.delete(next.name);
  }
  return ordered;
}
