import { CompiledQuery, type Dialect, MysqlDialect } from 'kysely';
import { createPool } from 'mysql2';
import type { PoolState } from './store.ts';

const POOL_SIZE = 10;
const SESSION = [
  "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'",
  'set session transaction isolation level read committed',
];

/**
 * MySQL or MariaDB through a pool of mysql2. The session is strict (what does not fit is an error, never cut off)
 * and reads what is committed, like the other engines: the default isolation locks gaps, so that containers created
 * at once would deadlock on each other's neighbours.
 */
export function mysqlDialect(url: string): { dialect: Dialect; pool: () => PoolState } {
  // Connects nowhere before it is asked for a connection.
  const pool = createPool({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    connectionLimit: POOL_SIZE,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    decimalNumbers: true,
    enableKeepAlive: true,
  });
  let used = 0;
  pool.on('acquire', () => {
    used += 1;
  });
  pool.on('release', () => {
    used -= 1;
  });
  const dialect = new MysqlDialect({
    pool,
    onCreateConnection: async (connection) => {
      for (const statement of SESSION) await connection.executeQuery(CompiledQuery.raw(statement));
    },
  });
  return { dialect, pool: () => ({ used }) };
}
