/**
 * Real authoritative name servers on loopback: Debian's `named`, a primary that takes signed updates and a secondary
 * that it tells of them, each on an address of its own from 127.0.0.0/8 and port 53, where those who follow NS records
 * look for them. Bound to this process by a parent-death signal; needs root for the port, as the lab does.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawnAs, stopProcess, untilReady } from './server-process.ts';

const run = promisify(execFile);
/** Longer than any test takes. */
const ADDRESS_SECONDS = 3_600;
const ROOT = { uid: 0, gid: 0 };

export interface NameServers {
  /** Address of the primary, which answers on port 53. */
  readonly primary: string;
  readonly secondary: string;
  /** Asks with dig; the short form of the answers, sorted. */
  dig(server: string, name: string, type: string): Promise<string[]>;
  /** Changes a zone past Berth, by the stock client. @param lines e.g. "update add a.test 60 A 192.0.2.1" */
  nsupdate(...lines: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A key of TSIG. */
export interface TestKey {
  name: string;
  algorithm: string;
  /** Base64. */
  secret: string;
}

/** The key of the stock client. */
export const ROOT_KEY: TestKey = { name: 'root-key', algorithm: 'hmac-sha256', secret: secretOf('root') };

/** A key for an algorithm. */
export function keyOf(algorithm: string): TestKey {
  return { name: `key-${algorithm}`, algorithm, secret: secretOf(algorithm) };
}

/** Algorithms for which `keyOf` gives a key that the servers know. */
export const ALGORITHMS = ['hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'];

/** A zone to be served. */
export interface TestZone {
  name: string;
  /** Whether the secondary never hears of changes. */
  stale?: boolean;
  /** Further records, in the form of zone files. */
  records?: readonly string[];
}

/** Starts both servers. @throws Error with the words of named */
export async function startNameServers(zones: readonly TestZone[]): Promise<NameServers> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-named-'));
  const network = `127.${randomInt(1, 255)}.${randomInt(256)}`;
  const [primary, secondary] = [`${network}.1`, `${network}.2`];
  const dig = async (server: string, name: string, type: string) => {
    const { stdout } = await run('dig', [`@${server}`, '+short', '+time=2', '+tries=1', name, type]);
    return stdout.trim().split('\n').filter(Boolean).sort();
  };
  await Promise.all([primary, secondary].map(addAddress));
  const servers = await Promise.all([
    startOne(
      directory,
      'primary',
      primary,
      zones.map((zone) => primaryZone(zone, primary, secondary)),
    ),
    startOne(
      directory,
      'secondary',
      secondary,
      zones.map((zone) => secondaryZone(zone, primary)),
    ),
  ]);
  const ready = async (server: string, index: number) => {
    const process = servers[index];
    if (!process) return;
    await untilReady(process, 'named', async () => {
      for (const { name } of zones) if ((await dig(server, name, 'SOA')).length === 0) throw new Error(`no ${name}`);
    });
  };
  await Promise.all([primary, secondary].map(ready));
  return {
    primary,
    secondary,
    dig,
    async nsupdate(...lines) {
      const script = [
        `server ${primary}`,
        `key ${ROOT_KEY.algorithm}:${ROOT_KEY.name} ${ROOT_KEY.secret}`,
        ...lines,
        'send',
      ];
      const file = join(directory, 'update');
      await writeFile(file, `${script.join('\n')}\n`);
      await run('nsupdate', [file]);
    },
    async stop() {
      await Promise.all(servers.map((server) => stopProcess(server, 'SIGTERM')));
      await Promise.all(
        [primary, secondary].map((address) => run('ip', ['address', 'del', `${address}/32`, 'dev', 'lo'])),
      );
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `named` listens on what an interface has, nothing else. The kernel drops the address by itself if nobody else does. */
async function addAddress(address: string): Promise<void> {
  const life = String(ADDRESS_SECONDS);
  await run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo', 'valid_lft', life, 'preferred_lft', life]);
}

interface Zone {
  clause: string;
  name: string;
  file?: string;
}

async function startOne(directory: string, role: string, address: string, zones: readonly Zone[]) {
  const home = join(directory, role);
  await mkdir(home);
  await chmod(directory, 0o755);
  for (const { name, file } of zones) if (file !== undefined) await writeFile(join(home, `${name}.zone`), file);
  await writeFile(join(home, 'named.conf'), configuration(home, address, zones));
  return spawnAs(ROOT, 'KILL', ['named', '-g', '-n', '1', '-c', join(home, 'named.conf')]);
}

function configuration(home: string, address: string, zones: readonly Zone[]): string {
  const keys = [ROOT_KEY, ...ALGORITHMS.map(keyOf)];
  return [
    'options {',
    `  directory "${home}"; pid-file none; session-keyfile "${home}/session.key"; managed-keys-directory "${home}";`,
    `  listen-on port 53 { ${address}; }; listen-on-v6 { none; }; query-source address ${address};`,
    `  notify-source ${address}; transfer-source ${address};`,
    '  recursion no; dnssec-validation no; check-integrity no; empty-zones-enable no;',
    '};',
    'controls { };',
    ...keys.map(({ name, algorithm, secret }) => `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };`),
    ...zones.map(({ name, clause }) => `zone "${name}" { ${clause} };`),
    '',
  ].join('\n');
}

function primaryZone({ name, stale = false, records = [] }: TestZone, primary: string, secondary: string): Zone {
  const allowed = [ROOT_KEY, ...ALGORITHMS.map(keyOf)].map((key) => `key "${key.name}";`).join(' ');
  const notify = stale ? 'notify no;' : `notify explicit; also-notify { ${secondary}; }; notify-delay 0;`;
  const file = [
    '$TTL 60',
    `@ SOA ns1.${name}. hostmaster.${name}. 1 3600 600 86400 60`,
    `@ NS ns1.${name}.`,
    `@ NS ns2.${name}.`,
    `ns1 A ${primary}`,
    `ns2 A ${secondary}`,
    ...records,
    '',
  ].join('\n');
  const clause = `type primary; file "${name}.zone"; ${notify} allow-transfer { any; }; allow-update { ${allowed} };`;
  return { name, clause, file };
}

function secondaryZone({ name }: TestZone, primary: string): Zone {
  return { name, clause: `type secondary; file "${name}.copy"; primaries { ${primary}; }; notify no;` };
}

function secretOf(seed: string): string {
  return Buffer.from(`the secret of ${seed} in tests`).toString('base64');
}
