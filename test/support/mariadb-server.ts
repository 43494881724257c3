import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import type { RunningServer, ServerUser } from './database-servers.ts';
import { freePort } from './free-port.ts';
import { runAs, spawnAs, stopProcess, untilReady } from './server-process.ts';

/** Starts the installed MariaDB on a fresh data directory in `directory`. */
export async function startMariadb(directory: string, user: ServerUser): Promise<RunningServer> {
  const data = join(directory, 'mariadb');
  const password = randomBytes(12).toString('hex');
  const initFile = join(directory, 'mariadb-init.sql');
  await writeFile(initFile, initSql(password), { mode: 0o644 });
  await runAs(user, [
    'mariadb-install-db',
    ...['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal'],
    ...['--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=16M', '--innodb-flush-method=nosync'],
  ]);
  const port = await freePort();
  const server = spawnAs(user, 'KILL', ['mariadbd', ...settings(data, directory, port), `--init-file=${initFile}`]);
  const url = `mysql://berth:${password}@127.0.0.1:${port}/mysql`;
  await untilReady(server, 'MariaDB', () => connect(url));
  // Killed, not asked: an orderly end takes seconds and nothing of it is kept.
  return { url, stop: () => stopProcess(server, 'SIGKILL') };
}

function initSql(password: string): string {
  return `CREATE USER 'berth'@'127.0.0.1' IDENTIFIED BY '${password}';
GRANT ALL PRIVILEGES ON *.* TO 'berth'@'127.0.0.1' WITH GRANT OPTION;
`;
}

function settings(data: string, directory: string, port: number): string[] {
  return [
    '--no-defaults',
    `--datadir=${data}`,
    // Its temporary tables have the same names in every server.
    `--tmpdir=${directory}`,
    `--socket=${join(directory, 'mariadb.sock')}`,
    `--pid-file=${join(directory, 'mariadb.pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
    '--max-connections=300',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=16M',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--innodb-doublewrite=0',
    '--aria-pagecache-buffer-size=8M',
    '--performance-schema=off',
  ];
}

async function connect(url: string): Promise<void> {
  const connection = await mysql.createConnection(url);
  await connection.end();
}
