/**
 * Operations as rows: the operation, its steps and its log. A replica holds an operation by a lease; every claim
 * raises `lease_epoch`, and each write of the holder is conditional on it, so a holder that was thought dead cannot
 * write over its successor.
 */
import { sql } from 'kysely';
import type { Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

const OPEN_STATES = ['pending', 'running', 'compensating'] as const;
const LOG_LINE_LENGTH = 2_000;

/** What is needed to ask for an operation; the first `done` steps were done by the verb itself. */
export interface NewOperation {
  id: string;
  kind: string;
  siteId: string;
  containerId: string;
  hostname: string;
  userId: string;
  requestId: string;
  data: Record<string, unknown>;
  steps: readonly { name: string; title: string }[];
  done: number;
}

/** Proof of holding an operation. */
export interface Claim {
  id: string;
  owner: string;
  epoch: number;
  /** Of the call that asked for the operation. */
  requestId: string;
}

/** Thrown when another replica holds the operation now: the former holder stops without a trace. */
export class LeaseLost extends Error {
  constructor(id: string) {
    super(`operation ${id} is held by another replica`);
    this.name = 'LeaseLost';
  }
}

/** Asks for an operation; whichever replica is free takes it once the transaction has committed. */
export async function insertOperation(tx: Tx, operation: NewOperation): Promise<void> {
  await tx.db
    .insertInto('operations')
    .values({
      id: operation.id,
      kind: operation.kind,
      site_id: operation.siteId,
      container_id: operation.containerId,
      hostname: operation.hostname,
      user_id: operation.userId,
      request_id: operation.requestId,
      state: 'pending',
      data: JSON.stringify(operation.data),
      error: '',
      error_reason: '',
      lease_owner: null,
      lease_until: 0,
      created_at: tx.now,
      finished_at: null,
    })
    .execute();
  await insertSteps(tx, operation);
  tx.nudge({ kind: 'operation', id: operation.id });
}

async function insertSteps(tx: Tx, operation: NewOperation): Promise<void> {
  const rows = operation.steps.map(({ name, title }, position) => {
    const done = position < operation.done;
    return {
      operation_id: operation.id,
      position,
      name,
      title,
      state: done ? ('done' as const) : ('pending' as const),
      attempts: done ? 1 : 0,
      started_at: done ? tx.now : null,
      finished_at: done ? tx.now : null,
      error: '',
    };
  });
  await tx.db.insertInto('operation_steps').values(rows).execute();
}

/** One operation. */
export function operationById(db: Db, id: string): Promise<Row<'operations'> | undefined> {
  return db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Steps of some operations, in order. */
export function stepsOf(db: Db, operationIds: readonly string[]): Promise<Row<'operation_steps'>[]> {
  if (operationIds.length === 0) return Promise.resolve([]);
  return db
    .selectFrom('operation_steps')
    .selectAll()
    .where('operation_id', 'in', [...operationIds])
    .orderBy('operation_id')
    .orderBy('position')
    .execute();
}

/** Log lines after a position, at most `limit`. */
export function logAfter(db: Db, operationId: string, seq: number, limit: number): Promise<Row<'operation_logs'>[]> {
  return db
    .selectFrom('operation_logs')
    .selectAll()
    .where('operation_id', '=', operationId)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

/**
 * Takes up to `limit` operations that nobody holds. Where the engine can, rows that another replica is just taking
 * are skipped instead of waited for; the epoch in the condition settles it everywhere.
 */
export function claimOperations(store: Store, owner: string, leaseMs: number, limit: number): Promise<Claim[]> {
  return store.transaction(async (tx) => {
    let query = tx.db
      .selectFrom('operations')
      .select(['id', 'lease_epoch', 'request_id'])
      .where('state', 'in', [...OPEN_STATES])
      .where('lease_until', '<=', tx.now)
      // After a restore nothing is done in a site before it is known what its hosts hold; see restored-agents.ts.
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('agents')
              .select('agents.id')
              .whereRef('agents.site_id', '=', 'operations.site_id')
              .where('agents.status', '=', 'active')
              .where('agents.restored_revision', 'is not', null),
          ),
        ),
      )
      .orderBy('created_at')
      .limit(limit);
    if (store.dialect !== 'sqlite') query = query.forUpdate().skipLocked();
    const claims: Claim[] = [];
    for (const row of await query.execute()) {
      const epoch = row.lease_epoch + 1;
      const { numUpdatedRows } = await tx.db
        .updateTable('operations')
        .set({ lease_owner: owner, lease_until: tx.now + leaseMs, lease_epoch: epoch })
        .where('id', '=', row.id)
        .where('lease_epoch', '=', row.lease_epoch)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) claims.push({ id: row.id, owner, epoch, requestId: row.request_id });
    }
    return claims;
  });
}

/** Makes every lease void: for an engine that knows to be the only one. */
export async function voidLeases(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db
      .updateTable('operations')
      .set({ lease_until: 0 })
      .where('state', 'in', [...OPEN_STATES])
      .execute();
  });
}

/** Gives an operation back, so that another replica may take it at once. */
export async function releaseLease(store: Store, claim: Claim): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db
      .updateTable('operations')
      .set({ lease_owner: null, lease_until: 0 })
      .where('id', '=', claim.id)
      .where('lease_epoch', '=', claim.epoch)
      .execute();
  });
}

/** Prolongs a lease. @returns whether it is still ours */
export async function renewLease(store: Store, claim: Claim, leaseMs: number): Promise<boolean> {
  return store.transaction(async (tx) => {
    const { numUpdatedRows } = await tx.db
      .updateTable('operations')
      .set({ lease_until: tx.now + leaseMs })
      .where('id', '=', claim.id)
      .where('lease_epoch', '=', claim.epoch)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  });
}

/**
 * Turns an operation round: whoever holds it loses it, and its next holder undoes what was done.
 * @returns false when it had ended or was being undone already
 */
export async function cancelOperation(tx: Tx, id: string, reason: string, message: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('operations')
    .set({
      state: 'compensating',
      error: message,
      error_reason: reason,
      lease_until: 0,
      lease_epoch: sql<number>`lease_epoch + 1`,
    })
    .where('id', '=', id)
    .where('state', 'in', ['pending', 'running'])
    .executeTakeFirst();
  if (numUpdatedRows > 0n) tx.nudge({ kind: 'operation', id });
  return numUpdatedRows > 0n;
}

/**
 * Runs a write of the holder and prolongs its lease with it.
 * @throws LeaseLost when another replica has taken over; nothing is written then
 */
export function heldWrite<T>(store: Store, claim: Claim, leaseMs: number, work: (tx: Tx) => Promise<T>): Promise<T> {
  return store.transaction(async (tx) => {
    const { numUpdatedRows } = await tx.db
      .updateTable('operations')
      .set({ lease_until: tx.now + leaseMs })
      .where('id', '=', claim.id)
      .where('lease_epoch', '=', claim.epoch)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new LeaseLost(claim.id);
    const result = await work(tx);
    tx.nudge({ kind: 'operation', id: claim.id });
    return result;
  });
}

/** Appends lines to the log within a transaction. Control characters go, overlong lines are cut. */
export async function appendLog(tx: Tx, operationId: string, step: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await tx.db
    .updateTable('operations')
    .set({ log_seq: sql<number>`log_seq + ${lines.length}` })
    .where('id', '=', operationId)
    .execute();
  const row = await tx.db.selectFrom('operations').select('log_seq').where('id', '=', operationId).executeTakeFirst();
  if (!row) return;
  const first = row.log_seq - lines.length + 1;
  const values = lines.map((line, i) => ({
    operation_id: operationId,
    seq: first + i,
    at: tx.now,
    step,
    text: line.replace(/[\p{Cc}]+/gu, ' ').slice(0, LOG_LINE_LENGTH),
  }));
  await tx.db.insertInto('operation_logs').values(values).execute();
  tx.nudge({ kind: 'operation', id: operationId });
}

/**
 * Appends lines to an operation's log, under the step that is running when none is named.
 * For whoever is not the operation's holder, such as the fleet with an agent's progress.
 */
export async function appendOperationLog(
  store: Store,
  operationId: string,
  step: string | undefined,
  lines: readonly string[],
): Promise<void> {
  await store.transaction(async (tx) => {
    await appendLog(tx, operationId, step ?? (await currentStep(tx.db, operationId)), lines);
  });
}

async function currentStep(db: Db, operationId: string): Promise<string> {
  const row = await db
    .selectFrom('operation_steps')
    .select('name')
    .where('operation_id', '=', operationId)
    .where('state', 'in', ['running', 'undoing'])
    .orderBy('position', 'desc')
    .executeTakeFirst();
  return row?.name ?? '';
}
