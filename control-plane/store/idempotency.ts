import type { Db, Tx } from './store.ts';

/** How long a key is honoured, in milliseconds. */
export const IDEMPOTENCY_MS = 24 * 3_600_000;

/** Whose key it is: keys of different people or methods never meet. */
export interface IdempotencyScope {
  userId: string;
  /** e.g. "CreateContainer". */
  method: string;
  key: string;
}

/** What the first call with a key asked for and made. */
export interface RememberedCall {
  requestHash: string;
  /** Identifiers, by kind of object. */
  outcome: Record<string, string>;
}

/** The call remembered under a key that has not expired, if any. */
export async function rememberedCall(
  db: Db,
  scope: IdempotencyScope,
  now: number,
): Promise<RememberedCall | undefined> {
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'outcome'])
    .where('user_id', '=', scope.userId)
    .where('method', '=', scope.method)
    .where('idempotency_key', '=', scope.key)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { requestHash: row.request_hash, outcome: JSON.parse(row.outcome) as Record<string, string> };
}

/**
 * Claims a key for a call, before anything else in its transaction: a concurrent duplicate then waits here until the
 * first call has committed, instead of running into what that one makes. An expired key of the same name gives way.
 * @throws UniqueViolation "primary" when a concurrent duplicate was first
 */
export async function claimKey(tx: Tx, scope: IdempotencyScope, requestHash: string): Promise<void> {
  await tx.db
    .deleteFrom('idempotency_keys')
    .where('user_id', '=', scope.userId)
    .where('method', '=', scope.method)
    .where('idempotency_key', '=', scope.key)
    .where('expires_at', '<=', tx.now)
    .execute();
  await tx.db
    .insertInto('idempotency_keys')
    .values({
      user_id: scope.userId,
      method: scope.method,
      idempotency_key: scope.key,
      request_hash: requestHash,
      outcome: '{}',
      created_at: tx.now,
      expires_at: tx.now + IDEMPOTENCY_MS,
    })
    .execute();
}

/** Notes what a call with a claimed key made. */
export async function rememberOutcome(tx: Tx, scope: IdempotencyScope, outcome: Record<string, string>): Promise<void> {
  await tx.db
    .updateTable('idempotency_keys')
    .set({ outcome: JSON.stringify(outcome) })
    .where('user_id', '=', scope.userId)
    .where('method', '=', scope.method)
    .where('idempotency_key', '=', scope.key)
    .execute();
}
