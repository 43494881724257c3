/**
 * Backup of a site of 10,000 containers on each engine: seconds, size and memory of `berth backup`, beside what one would
 * do without it in the same run: the engine's own dump (sqlite3 .backup, pg_dump, mysqldump) through gzip and openssl enc.
 * And the seconds of `berth restore` beside those of `berth backup`, since that is what one waits for.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyDatabase } from '@berth/control-plane/backup/copy.ts';
import { openRaw } from '@berth/control-plane/backup/raw-database.ts';
import { newId } from '@berth/control-plane/ids.ts';
import { audit } from '@berth/control-plane/store/audit.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import { sampleContainer, sampleSite, seedSite } from '@berth/control-plane/store/sample-rows.ts';
import { insertServices } from '@berth/control-plane/store/services.ts';
import { bumpSite } from '@berth/control-plane/store/site-changes.ts';
import type { Tx } from '@berth/control-plane/store/store.ts';
import { startDatabaseServers } from '@berth/test/support/database-servers.ts';
import { type Row, row } from './rows.ts';

const CONTAINERS = 10_000;
const BATCH = 200;
const BERTH = join(import.meta.dirname, '../../control-plane/cli/berth.ts');
const execute = promisify(execFile);

/** Takes the figures; about two minutes. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-bench-backup-'));
  const servers = await startDatabaseServers();
  try {
    say(`filling a database with ${CONTAINERS} containers`);
    const masterKeyFile = join(directory, 'master.key');
    const sqlite = `sqlite:${directory}/berth.db`;
    await fill(sqlite, masterKeyFile);
    const postgres = await databaseOn(servers.postgresUrl);
    const mysql = await databaseOn(servers.mysqlUrl);
    for (const url of [postgres, mysql]) await copyDatabase(sqlite, url);
    const rows: Row[] = [];
    for (const [name, url] of Object.entries({ sqlite, postgres, mysql })) {
      say(`backing up ${name}`);
      rows.push(...(await measure(name, url, { directory, masterKeyFile })));
    }
    return rows;
  } finally {
    await servers.stop();
    rmSync(directory, { recursive: true });
  }
}

interface Place {
  directory: string;
  masterKeyFile: string;
}

async function measure(name: string, url: string, { directory, masterKeyFile }: Place): Promise<Row[]> {
  const file = join(directory, `${name}.backup`);
  const key = join(directory, 'backup.key');
  const env = { BERTH_STATE_DIR: directory, BERTH_DATABASE_URL: url, BERTH_MASTER_KEY_FILE: masterKeyFile };
  const ours = await timed(process.execPath, [BERTH, 'backup', file, '--key-file', key], env);
  const other = join(directory, `${name}.other`);
  const theirs = await timed(
    'bash',
    ['-c', `set -o pipefail; ${dumpOf(name, url, directory)} | gzip | ${SEAL} > ${other}`],
    {},
  );
  const restored = { ...env, BERTH_STATE_DIR: join(directory, `r-${name}`), BERTH_MASTER_KEY_FILE: masterKeyFile };
  const to = { ...restored, BERTH_DATABASE_URL: `sqlite:${directory}/r-${name}.db` };
  const restore = await timed(process.execPath, [BERTH, 'restore', file, '--key-file', key], to);
  const figure = (what: string) => `${name}: ${what}, ${CONTAINERS} containers (other: dump, gzip, openssl)`;
  return [
    row('backup', figure('seconds'), 's', ours.seconds, theirs.seconds),
    row('backup', figure('bytes'), 'B', statSync(file).size, statSync(other).size),
    row('backup', figure('memory of the largest process'), 'MB', ours.rssMb, theirs.rssMb),
    row('backup', `${name}: seconds of the restore (other: of the backup)`, 's', restore.seconds, ours.seconds),
  ];
}

const SEAL = 'openssl enc -aes-256-cbc -pbkdf2 -pass pass:secret';

function dumpOf(name: string, url: string, directory: string): string {
  if (name === 'sqlite') {
    const copy = join(directory, 'copy.db');
    return `(sqlite3 ${join(directory, 'berth.db')} ".backup ${copy}" && cat ${copy})`;
  }
  if (name === 'postgres') return `pg_dump '${url}'`;
  const { hostname, port, username, password, pathname } = new URL(url);
  const options = `--host=${hostname} --port=${port} --user=${username} --password='${password}'`;
  return `mysqldump --single-transaction --hex-blob ${options} ${pathname.slice(1)}`;
}

/** Runs a program; the memory is that of the largest process of it, as the kernel counts it. */
async function timed(command: string, args: string[], env: Record<string, string>) {
  const began = performance.now();
  const { stderr } = await execute('/usr/bin/time', ['-f', '%M', command, ...args], {
    env: { ...process.env, ...env },
  });
  const kib = Number(stderr.trim().split('\n').at(-1));
  return { seconds: (performance.now() - began) / 1_000, rssMb: kib / 1_024 };
}

/** Containers, each with a service, a name, a state, an entry in the audit and a change of its site. */
async function fill(url: string, masterKeyFile: string): Promise<void> {
  const masterKey = randomBytes(32);
  writeFileSync(masterKeyFile, `${masterKey.toString('base64')}\n`, { mode: 0o600 });
  const store = await openStore({ url, masterKey });
  await seedSite(store, sampleSite());
  const domain = { id: 'dom-1', site_id: 'sit-1', name: 'apps.example', claim: 'apps.example', created_at: 1 };
  const none = { owner_id: null, verified_at: 1, proof_checked_at: null, acme_account_id: null, dns_provider_id: null };
  await store.transaction(async ({ db }) => {
    await db
      .insertInto('domains')
      .values({ ...domain, ...none })
      .execute();
  });
  for (let from = 0; from < CONTAINERS; from += BATCH) {
    await store.transaction(async (tx) => {
      for (let n = from; n < from + BATCH; n++) await addOne(tx, n);
    });
  }
  await store.close();
}

async function addOne(tx: Tx, n: number): Promise<void> {
  const container = sampleContainer(n);
  await tx.db.insertInto('containers').values(container).execute();
  const names = [{ host: `web${n}.apps.example`, path: '/', domain_id: 'dom-1' }];
  const service = { container_id: container.id, site_id: 'sit-1', kind: 'http' as const, internal_port: 80, names };
  const rest = { id: newId('svc', tx.now), backend_tls: 0, external_port: null, created_at: tx.now };
  await insertServices(tx, [{ ...service, ...rest }]);
  const state = {
    exists_on_node: 1,
    power: 'running' as const,
    lock_name: '',
    uptime_seconds: n,
    memory_bytes: n << 20,
  };
  const seen = { cpu_permille: 10, addresses: JSON.stringify([container.address]), seen_at: tx.now };
  await tx.db
    .insertInto('guest_states')
    .values({ container_id: container.id, ...state, ...seen })
    .execute();
  const about = { action: 'container.create', siteId: 'sit-1', objectKind: 'container', objectId: container.id };
  await audit(tx, {
    ...about,
    userId: 'usr-1',
    userName: 'ada',
    change: { hostname: container.hostname },
    requestId: '',
  });
  await bumpSite(tx, 'sit-1', container.id);
}

async function databaseOn(server: string): Promise<string> {
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const raw = await openRaw(server);
  await raw.query(`create database ${name}`).finally(() => raw.close());
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
