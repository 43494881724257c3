import { type Kysely, sql } from 'kysely';
import { MS } from './columns.ts';
import { unlessDone } from './create.ts';

/** What agents hold that an installation restored from a backup does not know of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['restored_revision', 'ahead_generation']) {
    const add = db.schema.alterTable('agents').addColumn(column, sql.raw(MS));
    await unlessDone('ER_DUP_FIELDNAME', () => add.execute());
  }
}
