import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../ids.ts';
import type { AgentRole } from './agents.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** What a join token is bound to. */
export interface NewJoinToken {
  siteId: string;
  roles: readonly AgentRole[];
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Identifier of the user who made it. */
  createdBy: string;
}

/** What a token was exchanged for; a retry with the same key gets it again. */
export interface Exchange {
  /** SHA-256 of the public key in SPKI form, hex. */
  keyHash: string;
  agentId: string;
  chainPem: string;
}

/** A new single-use token. Only its hash is kept: the token itself is shown once. */
export async function createJoinToken(tx: Tx, token: NewJoinToken): Promise<{ id: string; token: string }> {
  const id = newId('jtk', tx.now);
  const secret = `bej_${randomBytes(32).toString('base64url')}`;
  await tx.db
    .insertInto('join_tokens')
    .values({
      id,
      token_hash: hashOf(secret),
      site_id: token.siteId,
      roles: JSON.stringify(token.roles),
      expires_at: token.expiresAt,
      created_by: token.createdBy,
      created_at: tx.now,
      consumed_at: null,
      key_hash: null,
      agent_id: null,
      chain_pem: null,
    })
    .execute();
  return { id, token: secret };
}

/** Finds a token by its secret, used or not. */
export function joinTokenBySecret(db: Db, secret: string): Promise<Row<'join_tokens'> | undefined> {
  return db.selectFrom('join_tokens').selectAll().where('token_hash', '=', hashOf(secret)).executeTakeFirst();
}

/** Uses a token up. @returns false when it was used meanwhile */
export async function consumeJoinToken(tx: Tx, id: string, exchange: Exchange): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('join_tokens')
    .set({
      consumed_at: tx.now,
      key_hash: exchange.keyHash,
      agent_id: exchange.agentId,
      chain_pem: exchange.chainPem,
    })
    .where('id', '=', id)
    .where('consumed_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Drops tokens that expired before a moment. */
export async function pruneJoinTokens(tx: Tx, before: number): Promise<void> {
  await tx.db.deleteFrom('join_tokens').where('expires_at', '<', before).execute();
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
