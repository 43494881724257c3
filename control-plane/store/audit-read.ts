/**
 * Reading the audit. It has no end, so no question may look through all of it at once: a read goes from entry to
 * entry by identifier, which is by time, in steps that each look at a bounded number of rows. So a filter that matches
 * little costs many small queries and never one that holds up everybody else (on SQLite, the whole process).
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import type { Database, Row } from './schema.ts';
import type { Db } from './store.ts';

/** Rows looked at by the first step, and by the largest. */
const STEP = { first: 1_000, max: 20_000 };
/** Rows looked at by one read; whoever wants more comes again. */
const BUDGET = 500_000;

/** A condition on entries. */
export type AuditCondition = (
  row: ExpressionBuilder<Database, 'audit'>,
) => ExpressionWrapper<Database, 'audit', SqlBool>;

/** Which entries: all conditions hold, from one identifier on (inclusive), up to another (exclusive). */
export interface AuditRange {
  conditions: readonly AuditCondition[];
  from: string;
  to: string;
}

/** What a read found, and where the next one goes on; undefined when nothing is left to look at. */
export interface AuditRead {
  rows: Row<'audit'>[];
  next: string | undefined;
}

/** Reads back from the end of a range, newest first. @param limit rows at most */
export async function readBack(db: Db, range: AuditRange, limit: number): Promise<AuditRead> {
  const rows: Row<'audit'>[] = [];
  let { to } = range;
  let step = STEP.first;
  for (let looked = 0; looked < BUDGET; looked += step) {
    step = Math.min(looked === 0 ? STEP.first : step * 4, STEP.max);
    const oldest = await nth(db, { ...range, to }, 'desc', step);
    const found = auditQuery(db, { ...range, from: oldest ?? range.from, to }, 'desc', limit - rows.length);
    rows.push(...(await found.execute()));
    if (rows.length === limit) return { rows, next: rows.at(-1)?.id };
    if (oldest === undefined) return { rows, next: undefined };
    to = oldest;
    // SQLite answers at once: without this, all steps would be one for everybody who waits.
    await letOthersRun();
  }
  return { rows, next: to };
}

/** Reads a whole range, oldest first, in batches; an empty batch says that a step found nothing. */
export async function* readOn(db: Db, range: AuditRange, batch: number): AsyncGenerator<Row<'audit'>[]> {
  let { from } = range;
  for (;;) {
    const beyond = await nth(db, { ...range, from }, 'asc', STEP.max + 1);
    const step = { ...range, from, to: beyond ?? range.to };
    for (let last = ''; ; ) {
      const rows = await auditQuery(db, step, 'asc', batch).where('id', '>', last).execute();
      yield rows;
      if (rows.length < batch) break;
      last = rows.at(-1)?.id ?? '';
    }
    if (beyond === undefined) return;
    from = beyond;
    await letOthersRun();
  }
}

/** The identifier that many rows into a range, whatever the conditions; undefined when there are fewer. */
async function nth(db: Db, { from, to }: AuditRange, order: 'asc' | 'desc', n: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('audit')
    .select('id')
    .where('id', '>=', from)
    .where('id', '<', to)
    .orderBy('id', order)
    .offset(n - 1)
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** The query of one step. */
export function auditQuery(db: Db, { conditions, from, to }: AuditRange, order: 'asc' | 'desc', limit: number) {
  const query = db.selectFrom('audit').selectAll().where('id', '>=', from).where('id', '<', to);
  const narrowed = conditions.reduce((narrower, condition) => narrower.where(condition), query);
  return narrowed.orderBy('id', order).limit(limit);
}
