import { type Kysely, sql } from 'kysely';
import type { Types } from '../dialect.ts';
import { unlessDone } from './create.ts';

const REQUEST_ID = 'varchar(64)';

/** Commands learn which call they come from, and callers may name their calls themselves, by up to 64 characters. */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  const add = db.schema
    .alterTable('commands')
    .addColumn('request_id', sql.raw(REQUEST_ID), (c) => c.notNull().defaultTo(''));
  await unlessDone('ER_DUP_FIELDNAME', () => add.execute());
  // SQLite minds no lengths, and has no way to change them.
  if (is.dialect === 'sqlite') return;
  for (const table of ['operations', 'audit']) {
    const widen = db.schema.alterTable(table);
    await (is.dialect === 'mysql'
      ? widen.modifyColumn('request_id', sql.raw(REQUEST_ID), (c) => c.notNull()).execute()
      : widen.alterColumn('request_id', (c) => c.setDataType(sql.raw(REQUEST_ID))).execute());
  }
}
