import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { PoolState } from './store.ts';

const POOL_SIZE = 10;
const INT8 = 20;
const NUMERIC = 1700;

/**
 * PostgreSQL through a pool of pg.
 * @param onError takes errors of idle connections; the pool replaces such a connection by itself
 */
export function postgresDialect(
  url: string,
  onError: (error: unknown) => void,
): { dialect: Dialect; pool: () => PoolState } {
  // Connects nowhere before it is asked for a connection.
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, types: { getTypeParser } });
  // The pool does not wait for its connections to end; what the server says to them then concerns nobody.
  pool.on('error', (error) => pool.ending || onError(error));
  return {
    dialect: new PostgresDialect({ pool }),
    pool: () => ({ used: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}

/** Makes numbers of what pg leaves as text because it might not fit; ours do: times, counters, sums of them. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === INT8 || oid === NUMERIC) return toNumber;
  return pg.types.getTypeParser(oid, format);
}

function toNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(Math.trunc(value))) throw new Error(`${text} is too large for a number`);
  return value;
}
