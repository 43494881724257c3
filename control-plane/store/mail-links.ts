/**
 * Links that are sent by mail or handed over. A link holds a random token of which only the hash is kept; it works
 * once, in the transaction that uses it, and not for long.
 */
import { newLinkToken, tokenHash } from '../auth/tokens.ts';
import { newId } from '../ids.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

const HOUR = 3_600_000;
/** How long links work, in milliseconds. */
export const LINK_MS = { invitation: 24 * HOUR, 'email-verification': 24 * HOUR, 'password-reset': HOUR } as const;
/** How long links are remembered that do not work any more. */
export const REMEMBER_LINK_MS = 7 * 24 * HOUR;

/** What a link is about. */
export interface NewLink {
  kind: Row<'mail_links'>['kind'];
  /** Whose it is, for those who have an account. */
  userId: string | null;
  email: string;
  /** JSON. */
  data: string;
  createdBy: string | null;
}

/** A link just made; the token is known only now. */
export interface MadeLink {
  id: string;
  token: string;
  expiresAt: number;
}

/** Makes a link. */
export async function createLink(tx: Tx, { kind, userId, email, data, createdBy }: NewLink): Promise<MadeLink> {
  const made = { id: newId('lnk', tx.now), token: newLinkToken(), expiresAt: tx.now + LINK_MS[kind] };
  await tx.db
    .insertInto('mail_links')
    .values({
      id: made.id,
      kind,
      token_hash: tokenHash(made.token),
      user_id: userId,
      email,
      data,
      created_by: createdBy,
      created_at: tx.now,
      expires_at: made.expiresAt,
      used_at: null,
    })
    .execute();
  return made;
}

/** Gives a link another token and its whole time anew; the former token stops working. */
export async function renewLink(tx: Tx, link: Pick<Row<'mail_links'>, 'id' | 'kind'>, data: string): Promise<MadeLink> {
  const made = { id: link.id, token: newLinkToken(), expiresAt: tx.now + LINK_MS[link.kind] };
  await tx.db
    .updateTable('mail_links')
    .set({ token_hash: tokenHash(made.token), expires_at: made.expiresAt, data })
    .where('id', '=', link.id)
    .execute();
  return made;
}

/** The link of a token, if it still works. */
export function linkByToken(db: Db, token: string, now: number): Promise<Row<'mail_links'> | undefined> {
  return db
    .selectFrom('mail_links')
    .selectAll()
    .where('token_hash', '=', tokenHash(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

/** Uses a link up. @returns whether it was this caller who did: of two at once it works for one */
export async function useLink(tx: Tx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('mail_links')
    .set({ used_at: tx.now })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', tx.now)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Links of a kind that were made for an address since a moment, used or not. */
export async function countLinks(db: Db, kind: NewLink['kind'], email: string, since: number): Promise<number> {
  const row = await db
    .selectFrom('mail_links')
    .select((link) => link.fn.countAll<number | string>().as('n'))
    .where('email', '=', email)
    .where('kind', '=', kind)
    .where('created_at', '>', since)
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

/** Links of a kind that somebody made since a moment, used or not. */
export async function countLinksBy(db: Db, kind: NewLink['kind'], createdBy: string, since: number): Promise<number> {
  const row = await db
    .selectFrom('mail_links')
    .select((link) => link.fn.countAll<number | string>().as('n'))
    .where('created_by', '=', createdBy)
    .where('kind', '=', kind)
    .where('created_at', '>', since)
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

/** Makes every link of a kind for an address worthless. */
export async function voidLinks(tx: Tx, kind: NewLink['kind'], email: string): Promise<void> {
  await tx.db
    .updateTable('mail_links')
    .set({ used_at: tx.now })
    .where('email', '=', email)
    .where('kind', '=', kind)
    .where('used_at', 'is', null)
    .execute();
}

/** Makes every link of a kind worthless that belongs to a person. */
export async function voidLinksOf(tx: Tx, kind: NewLink['kind'], userId: string): Promise<void> {
  await tx.db
    .updateTable('mail_links')
    .set({ used_at: tx.now })
    .where('user_id', '=', userId)
    .where('kind', '=', kind)
    .where('used_at', 'is', null)
    .execute();
}

/** Drops links that have not worked for a week. */
export async function pruneLinks(tx: Tx): Promise<void> {
  await tx.db
    .deleteFrom('mail_links')
    .where('expires_at', '<=', tx.now - REMEMBER_LINK_MS)
    .execute();
}
