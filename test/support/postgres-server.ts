import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { RunningServer, ServerUser } from './database-servers.ts';
import { freePort } from './free-port.ts';
import { runAs, spawnAs, stopProcess, untilReady } from './server-process.ts';

const DEBIAN_HOME = '/usr/lib/postgresql';
const OLDEST_SUPPORTED = 15;

/** Starts the newest installed PostgreSQL (15 or later) on a fresh cluster in `directory`. */
export async function startPostgres(directory: string, user: ServerUser): Promise<RunningServer> {
  const programs = await programDirectory();
  const data = join(directory, 'postgres');
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(directory, 'postgres-password');
  await writeFile(passwordFile, password, { mode: 0o644 });
  await runAs(user, [
    join(programs, 'initdb'),
    ...['-D', data, '-U', 'berth', '--pwfile', passwordFile, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions'],
  ]);
  const port = await freePort();
  const server = spawnAs(user, 'QUIT', [join(programs, 'postgres'), '-D', data, ...settings(port, directory)]);
  const url = `postgres://berth:${password}@127.0.0.1:${port}/postgres`;
  await untilReady(server, 'PostgreSQL', () => connect(url));
  return { url, stop: () => stopProcess(server, 'SIGQUIT') };
}

function settings(port: number, directory: string): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: 300,
    shared_buffers: '64MB',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function programDirectory(): Promise<string> {
  const versions = (await readdir(DEBIAN_HOME)).map(Number).filter((version) => version >= OLDEST_SUPPORTED);
  if (versions.length === 0) throw new Error(`no PostgreSQL ${OLDEST_SUPPORTED} or newer in ${DEBIAN_HOME}`);
  return join(DEBIAN_HOME, String(Math.max(...versions)), 'bin');
}

async function connect(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.end();
}
