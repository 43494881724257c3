import { type Kysely, sql } from 'kysely';
import type { Types } from '../dialect.ts';
import { unlessDone } from './create.ts';

const columns: [column: string, type: string, initially: string | number][] = [
  ['display_name', 'varchar(100)', ''],
  ['new_user_status', 'varchar(16)', 'pending'],
  ['may_administer', 'smallint', 0],
  ['trusted_second_factor', 'smallint', 0],
];

/** What administrators decide about a provider besides where it is. */
export async function up(db: Kysely<unknown>, _is: Types): Promise<void> {
  for (const [column, type, initially] of columns) {
    const change = db.schema
      .alterTable('oidc_providers')
      .addColumn(column, sql.raw(type), (c) => c.notNull().defaultTo(initially));
    await unlessDone('ER_DUP_FIELDNAME', () => change.execute());
  }
}
