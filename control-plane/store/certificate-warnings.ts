/**
 * Warnings of certificates that end soon, one row a certificate and step, so that each is given once, and what becomes
 * of telling the webhook. A call is claimed by counting it, and what is written afterwards is conditional on the count.
 */
import { newId } from '../ids.ts';
import type { Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

const MAX_ERROR = 1_000;

/** Notes that a warning is given. @returns its row, or undefined when it was given before */
export async function insertWarning(
  tx: Tx,
  { certificateId, days, body, hook }: { certificateId: string; days: number; body: object; hook: boolean },
): Promise<string | undefined> {
  const present = await tx.db
    .selectFrom('certificate_warnings')
    .select('id')
    .where('certificate_id', '=', certificateId)
    // A later step says all that an earlier one would.
    .where('days', '<=', days)
    .executeTakeFirst();
  if (present) return undefined;
  const id = newId('wrn', tx.now);
  await tx.db
    .insertInto('certificate_warnings')
    .values({
      id,
      certificate_id: certificateId,
      days,
      body: JSON.stringify({ ...body, id }),
      hook_state: hook ? 'queued' : 'none',
      hook_attempts: 0,
      hook_next_at: tx.now,
      hook_error: '',
      created_at: tx.now,
    })
    .execute();
  return id;
}

/** Takes the call that is due first, for `leaseMs` milliseconds. */
export function claimWarning(store: Store, leaseMs: number): Promise<Row<'certificate_warnings'> | undefined> {
  return store.transaction(async (tx) => {
    const row = await tx.db
      .selectFrom('certificate_warnings')
      .selectAll()
      .where('hook_state', '=', 'queued')
      .where('hook_next_at', '<=', tx.now)
      .orderBy('hook_next_at')
      .limit(1)
      .executeTakeFirst();
    if (!row) return undefined;
    const hook_attempts = row.hook_attempts + 1;
    const { numUpdatedRows } = await tx.db
      .updateTable('certificate_warnings')
      .set({ hook_attempts, hook_next_at: tx.now + leaseMs })
      .where('id', '=', row.id)
      .where('hook_attempts', '=', row.hook_attempts)
      .executeTakeFirst();
    return numUpdatedRows > 0n ? { ...row, hook_attempts } : undefined;
  });
}

/** What a call came to. */
export type HookOutcome = { state: 'sent' } | { state: 'failed' | 'queued'; error: string; nextAt: number };

/** Writes what a call came to. */
export async function settleWarning(
  store: Store,
  { id, hook_attempts }: Row<'certificate_warnings'>,
  outcome: HookOutcome,
): Promise<void> {
  const told =
    outcome.state === 'sent'
      ? { hook_error: '' }
      : { hook_error: outcome.error.slice(0, MAX_ERROR), hook_next_at: outcome.nextAt };
  await store.transaction(async (tx) => {
    await tx.db
      .updateTable('certificate_warnings')
      .set({ hook_state: outcome.state, ...told })
      .where('id', '=', id)
      .where('hook_attempts', '=', hook_attempts)
      .execute();
  });
}

/** What became of the youngest call that failed; empty when none did. */
export async function lastHookError(db: Db): Promise<string> {
  const row = await db
    .selectFrom('certificate_warnings')
    .select('hook_error')
    .where('hook_error', '<>', '')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.hook_error ?? '';
}
