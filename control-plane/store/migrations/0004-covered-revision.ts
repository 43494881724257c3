import type { Kysely } from 'kysely';
import { unlessDone } from './create.ts';

/** Up to which revision of its site an agent's desired generation is known to hold. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const add = db.schema.alterTable('agents').addColumn('covered_revision', 'bigint', (c) => c.notNull().defaultTo(0));
  await unlessDone('ER_DUP_FIELDNAME', () => add.execute());
}
