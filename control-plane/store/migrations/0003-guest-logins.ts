import type { Kysely } from 'kysely';
import type { Types } from '../dialect.ts';
import { ID, MS, required } from './columns.ts';
import { createTable } from './create.ts';

/** Tokens with which a container fetches its settings for logins, once. */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  await createTable(db, is, 'guest_setup_tokens', (t) =>
    required(t, { token_hash: 'char(64)', container_id: ID, created_by: ID, created_at: MS, expires_at: MS })
      .addPrimaryKeyConstraint('guest_setup_tokens_pk', ['token_hash'])
      .addForeignKeyConstraint('guest_setup_tokens_container', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  );
}
