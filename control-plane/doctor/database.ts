import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { type Kysely, sql } from 'kysely';
import { SCHEMAS } from '../store/migrate.ts';
import { bytesText, fault, ok, reasonOf, warning } from './check.ts';
import type { OpenedDatabase } from './open-database.ts';

/** A commit of SQLite waits for about two of these, and nothing else is written meanwhile. */
const SLOW_SYNC_MS = 50;
/** A round trip to a database server; a request makes some ten. */
const SLOW_TRIP_MS = 20;
const TRIES = 5;

/** Whether the database answers, is of this version, is whole, and is fast enough. */
export async function databaseFindings(opened: OpenedDatabase): Promise<Finding[]> {
  try {
    await sql`select 1`.execute(opened.db);
  } catch (error) {
    const remedy = 'See whether the database server runs and lets this host in; its URL is BERTH_DATABASE_URL.';
    return [fault('database', `it cannot be read: ${reasonOf(error)}`, remedy)];
  }
  const speed = opened.file ? syncFinding(dirname(opened.file)) : await tripFinding(opened.db);
  return [await migrationFinding(opened.db), ...(await wholeFindings(opened)), speed];
}

async function migrationFinding(db: Kysely<unknown> | OpenedDatabase['db']): Promise<Finding> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const done = rows.map(({ name }) => name);
  const missing = SCHEMAS.filter((name) => !done.includes(name));
  const foreign = done.filter((name) => !SCHEMAS.includes(name));
  if (foreign.length > 0) {
    const message = `it was migrated by a newer version of Berth (${foreign.join(', ')})`;
    return fault('database', message, 'Install the newer version again: an older one cannot read this database.');
  }
  if (missing.length > 0) {
    const message = `it has yet to be migrated (${missing.join(', ')})`;
    return fault('database', message, 'Start the control plane, which does so: "systemctl restart berth".');
  }
  return ok('database', `all ${done.length} migrations are done`);
}

async function wholeFindings({ db, file }: OpenedDatabase): Promise<Finding[]> {
  if (!file) return [];
  const said = await integrity(db);
  if (said === 'ok') return [ok('database', `whole (integrity_check), ${bytesText(await sizeOf(db))}`)];
  const remedy = 'Stop the service, keep a copy of the file, and restore the newest backup: "berth restore".';
  return [fault('database', `SQLite finds it damaged:\n${said}`, remedy)];
}

/** Bytes, with what is still in the log beside the file. */
async function sizeOf(db: OpenedDatabase['db']): Promise<number> {
  const pages = await sql<{ page_count: number }>`pragma page_count`.execute(db);
  const each = await sql<{ page_size: number }>`pragma page_size`.execute(db);
  return (pages.rows[0]?.page_count ?? 0) * (each.rows[0]?.page_size ?? 0);
}

/** Damage may well be such that looking for it fails, too. */
async function integrity(db: OpenedDatabase['db']): Promise<string> {
  try {
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(5)`.execute(db);
    return rows.map((row) => row.integrity_check).join('\n');
  } catch (error) {
    return reasonOf(error);
  }
}

function syncFinding(directory: string): Finding {
  const took = median(Array.from({ length: TRIES }, () => syncMs(directory)));
  const message = `writing to disk takes ${took.toFixed(1)} ms`;
  if (took <= SLOW_SYNC_MS) return ok('database', message);
  return warning('database', message, `Put ${directory} on a faster disk (SSD), or take PostgreSQL elsewhere.`);
}

/** How long 4 KiB take until they are safe, in milliseconds. */
function syncMs(directory: string): number {
  const file = join(directory, `.doctor.${process.pid}`);
  const handle = openSync(file, 'w', 0o600);
  try {
    writeSync(handle, Buffer.alloc(4_096));
    const before = performance.now();
    fsyncSync(handle);
    return performance.now() - before;
  } finally {
    closeSync(handle);
    rmSync(file, { force: true });
  }
}

async function tripFinding(db: OpenedDatabase['db']): Promise<Finding> {
  const took: number[] = [];
  for (let i = 0; i < TRIES; i += 1) {
    const before = performance.now();
    await sql`select 1`.execute(db);
    took.push(performance.now() - before);
  }
  const message = `a round trip takes ${median(took).toFixed(1)} ms`;
  if (median(took) <= SLOW_TRIP_MS) return ok('database', message);
  return warning('database', message, 'Put the database server nearer to the control plane.');
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
