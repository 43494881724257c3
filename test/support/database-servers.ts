import { execFile, spawn } from 'node:child_process';
import { access, chown, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startMariadb } from './mariadb-server.ts';
import { startPostgres } from './postgres-server.ts';

/**
 * Throw-away PostgreSQL and MariaDB servers for tests and benches.
 *
 * Every store test runs on all dialects, so both servers must be there in a moment, private to one run, and gone after
 * it however it ends. They are Debian's own programs, on a temporary directory in memory with all syncing off, as an
 * unprivileged user, on loopback with a random password. Each is bound to this process by a parent-death signal, so a
 * SIGKILLed test run leaves no server, and a janitor removes the files. A server that cannot be had is an error: a dialect
 * is never skipped.
 */
export type DatabaseServers = {
  /** `postgres://user:password@127.0.0.1:port/postgres`, a role that may create databases. */
  readonly postgresUrl: string;
  /** `mysql://user:password@127.0.0.1:port/mysql`, a user that may create databases. */
  readonly mysqlUrl: string;
  /** Stops the servers and removes their files. Idempotent. */
  stop(): Promise<void>;
};

/** One server that runs as a child of this process. */
export type RunningServer = { readonly url: string; stop(): Promise<void> };

/** Whom the servers run as: never root, which PostgreSQL refuses. */
export type ServerUser = { readonly uid: number; readonly gid: number };

const DIRECTORY_PREFIX = 'berth-test-db-';
const run = promisify(execFile);

/**
 * Starts what is not given by `BERTH_TEST_POSTGRES_URL` and `BERTH_TEST_MYSQL_URL`, both servers in parallel.
 *
 * @throws Error when a server program is missing and cannot be installed, or does not come up within 60 s.
 */
export async function startDatabaseServers(env: NodeJS.ProcessEnv = process.env): Promise<DatabaseServers> {
  const given = { postgres: env.BERTH_TEST_POSTGRES_URL, mysql: env.BERTH_TEST_MYSQL_URL };
  if (given.postgres && given.mysql) {
    return { postgresUrl: given.postgres, mysqlUrl: given.mysql, stop: async () => {} };
  }
  await ensureServerPrograms();
  const user = await serverUser();
  const directory = await mkdtemp(join(await fastDirectory(), `${DIRECTORY_PREFIX}${process.pid}-`));
  removeWhenWeAreGone(directory);
  await chown(directory, user.uid, user.gid);
  const starts = await Promise.allSettled([
    given.postgres ? external(given.postgres) : startPostgres(directory, user),
    given.mysql ? external(given.mysql) : startMariadb(directory, user),
  ]);
  const stop = async () => {
    await Promise.all(starts.map((start) => (start.status === 'fulfilled' ? start.value.stop() : undefined)));
    await rm(directory, { recursive: true, force: true });
  };
  const [postgres, mysql] = starts;
  if (postgres.status === 'rejected' || mysql.status === 'rejected') {
    await stop();
    throw new AggregateError(reasons(starts), `test databases did not start: ${reasons(starts).join('; ')}`);
  }
  return { postgresUrl: postgres.value.url, mysqlUrl: mysql.value.url, stop };
}

async function external(url: string): Promise<RunningServer> {
  return { url, stop: async () => {} };
}

function reasons(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.filter((result) => result.status === 'rejected').map((result) => result.reason);
}

async function ensureServerPrograms(): Promise<void> {
  const script = join(import.meta.dirname, '../../scripts/lib/ensure-packages.sh');
  try {
    await run('bash', [script, 'postgres:postgresql', 'mariadbd:mariadb-server', 'setpriv:util-linux'], {
      timeout: 600_000,
    });
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(
      `the store tests need PostgreSQL and MariaDB: ${stderr} (or set BERTH_TEST_POSTGRES_URL and BERTH_TEST_MYSQL_URL)`,
      { cause: error },
    );
  }
}

async function serverUser(): Promise<ServerUser> {
  const { uid, gid } = userInfo();
  if (uid !== 0) return { uid, gid };
  const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'nobody'])));
  const [nobodyUid, nobodyGid] = ids.map((result) => Number(result.stdout));
  return { uid: nobodyUid ?? 65_534, gid: nobodyGid ?? 65_534 };
}

async function fastDirectory(): Promise<string> {
  try {
    await access('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/**
 * A shell that removes `directory` once our end of its standard input closes, which the kernel does however we die.
 * It tries for some seconds, since the servers may still be on their way out.
 */
function removeWhenWeAreGone(directory: string): void {
  const script = 'read -r _; for i in 1 2 3 4 5 6 7 8; do rm -rf "$1" && exit; sleep 0.5; done';
  const janitor = spawn('sh', ['-c', script, 'sh', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  janitor.unref();
  if (janitor.stdin && 'unref' in janitor.stdin && typeof janitor.stdin.unref === 'function') janitor.stdin.unref();
}
