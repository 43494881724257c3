/**
 * Mails as rows. Whoever sends one claims it first: the claim raises `attempts` and holds for the time of a lease, so
 * that no other replica sends it meanwhile, and what is written afterwards is conditional on the count, so that a
 * sender who was thought dead cannot write over its successor.
 */
import type { Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

const ERROR_LENGTH = 2_000;
/** How long mails are remembered that went out or were given up. */
const REMEMBER_MS = 30 * 24 * 3_600_000;
/** In place of a body that is not needed any more. */
const NOTHING = new Uint8Array();

/** Proof of holding a mail. */
export type MailClaim = Pick<
  Row<'outgoing_mails'>,
  'id' | 'attempts' | 'recipient' | 'subject' | 'body_box' | 'last_error'
>;

const OPEN_STATES = ['queued', 'sending'] as const;

/** Takes the mail that has been due longest and that nobody holds, for `leaseMs` milliseconds. */
export function claimMail(store: Store, leaseMs: number): Promise<MailClaim | undefined> {
  return store.transaction(async (tx) => {
    let query = tx.db
      .selectFrom('outgoing_mails')
      .select(['id', 'attempts', 'recipient', 'subject', 'body_box', 'last_error'])
      .where('state', 'in', [...OPEN_STATES])
      .where('next_attempt_at', '<=', tx.now)
      .orderBy('next_attempt_at')
      .limit(1);
    if (store.dialect !== 'sqlite') query = query.forUpdate().skipLocked();
    const row = await query.executeTakeFirst();
    if (!row) return undefined;
    const attempts = row.attempts + 1;
    const { numUpdatedRows } = await tx.db
      .updateTable('outgoing_mails')
      .set({ state: 'sending', attempts, next_attempt_at: tx.now + leaseMs })
      .where('id', '=', row.id)
      .where('attempts', '=', row.attempts)
      .executeTakeFirst();
    return numUpdatedRows > 0n ? { ...row, attempts } : undefined;
  });
}

/** Gives back what a former self was sending: for a sender that knows to be the only one. */
export async function releaseMails(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db
      .updateTable('outgoing_mails')
      .set({ state: 'queued', next_attempt_at: tx.now })
      .where('state', '=', 'sending')
      .execute();
  });
}

/** What an attempt came to; `error` is the mail server's own words. */
export type MailOutcome =
  | { state: 'sent' }
  | { state: 'failed'; error: string }
  | { state: 'queued'; error: string; nextAttemptAt: number };

/** Writes what an attempt came to; the body goes once it is not needed any more. @returns whether the claim stood */
export function settleMail(store: Store, claim: MailClaim, outcome: MailOutcome): Promise<boolean> {
  return store.transaction(async (tx) => {
    const { numUpdatedRows } = await tx.db
      .updateTable('outgoing_mails')
      .set(columnsOf(tx, outcome))
      .where('id', '=', claim.id)
      .where('attempts', '=', claim.attempts)
      .where('state', '=', 'sending')
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  });
}

function columnsOf(tx: Tx, outcome: MailOutcome) {
  if (outcome.state === 'sent') return { state: outcome.state, body_box: NOTHING, last_error: '', sent_at: tx.now };
  const last_error = outcome.error.replaceAll(/[\p{Cc}]+/gu, ' ').slice(0, ERROR_LENGTH);
  if (outcome.state === 'failed') return { state: outcome.state, body_box: NOTHING, last_error };
  return { state: outcome.state, last_error, next_attempt_at: outcome.nextAttemptAt };
}

/** Mails by identifier, without their bodies. */
export async function mailStates(
  db: Db,
  ids: readonly string[],
): Promise<Map<string, Pick<Row<'outgoing_mails'>, 'id' | 'state' | 'last_error'>>> {
  if (ids.length === 0) return new Map();
  const query = db.selectFrom('outgoing_mails').select(['id', 'state', 'last_error']);
  const rows = await query.where('id', 'in', [...ids]).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** How mail fares. */
export interface MailFigures {
  queued: number;
  failed: number;
  /** What the mail server said of the youngest mail that is not sent; empty where it said nothing. */
  lastError: string;
  lastSentAt: number | null;
}

/** How mail fares, as far back as mails are remembered. */
export async function mailFigures(db: Db): Promise<MailFigures> {
  const count = db.selectFrom('outgoing_mails').select((row) => row.fn.countAll<number | string>().as('n'));
  const queued = await count.where('state', 'in', [...OPEN_STATES]).executeTakeFirstOrThrow();
  const failed = await count.where('state', '=', 'failed').executeTakeFirstOrThrow();
  const youngest = await db
    .selectFrom('outgoing_mails')
    .select('last_error')
    .where('last_error', '!=', '')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const sent = await db
    .selectFrom('outgoing_mails')
    .select((row) => row.fn.max('sent_at').as('at'))
    .executeTakeFirst();
  const lastSentAt = sent?.at === null || sent?.at === undefined ? null : Number(sent.at);
  return { queued: Number(queued.n), failed: Number(failed.n), lastError: youngest?.last_error ?? '', lastSentAt };
}

/** Drops mails nobody asks for any more. */
export async function pruneMails(tx: Tx): Promise<void> {
  await tx.db
    .deleteFrom('outgoing_mails')
    .where('created_at', '<=', tx.now - REMEMBER_MS)
    .execute();
}
