import { createHash, randomBytes } from 'node:crypto';
import type { Row } from './schema.ts';
import type { Tx } from './store.ts';

/** Makes a token with which a container fetches its settings, once. Only its hash is kept. */
export async function createSetupToken(
  tx: Tx,
  token: { containerId: string; createdBy: string; expiresAt: number },
): Promise<string> {
  const secret = `beg_${randomBytes(24).toString('base64url')}`;
  await tx.db
    .insertInto('guest_setup_tokens')
    .values({
      token_hash: hashOf(secret),
      container_id: token.containerId,
      created_by: token.createdBy,
      created_at: tx.now,
      expires_at: token.expiresAt,
    })
    .execute();
  return secret;
}

/** Uses a token up. @returns what it was for; undefined when it is unknown, used or too old */
export async function useSetupToken(tx: Tx, secret: string): Promise<Row<'guest_setup_tokens'> | undefined> {
  const hash = hashOf(secret);
  const row = await tx.db
    .selectFrom('guest_setup_tokens')
    .selectAll()
    .where('token_hash', '=', hash)
    .where('expires_at', '>', tx.now)
    .executeTakeFirst();
  const { numDeletedRows } = await tx.db
    .deleteFrom('guest_setup_tokens')
    .where('token_hash', '=', hash)
    .executeTakeFirst();
  return numDeletedRows > 0n ? row : undefined;
}

/** Drops tokens that nobody can use any more. */
export async function pruneSetupTokens(tx: Tx): Promise<void> {
  await tx.db.deleteFrom('guest_setup_tokens').where('expires_at', '<=', tx.now).execute();
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
