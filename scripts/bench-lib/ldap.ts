/**
 * The LDAP gateway beside Debian's slapd with the same 10,000 people in the same run: searches as a benchmark sends
 * them, as SSSD sends them, binds, everybody at once, and searches while 16 connections do nothing but bind. First each
 * server on one core with the load on the other, then both on both. Where the machine does other things too, processor
 * time a search tells more than the rate. slapd takes passwords without TLS, so ours does here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { processSettings } from '@berth/control-plane/ldap/become-gateway.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import { selfSigned } from '@berth/test/lab/certificate.ts';
import { freePort } from '@berth/test/support/free-port.ts';
import type { PlainGatewayOptions } from '@berth/test/support/ldap-plain-gateway.ts';
import { byUid, everybody, GROUP_ATTRIBUTES, getpwuid, initgroups, USER_ATTRIBUTES } from './ldap/filters.ts';
import type { LoadOptions, LoadResult } from './ldap/load.ts';
import { BASE, fillStore, PASSWORD, PEOPLE, SERVICE_DN, uidNumber, username } from './ldap/people.ts';
import { cpuSeconds, family, residentMb } from './ldap/processes.ts';
import { SlapdHome } from './ldap/slapd.ts';
import { quantile, type Row, row } from './rows.ts';

const ROUNDS = 3;
const SECONDS = 3;
const CONNECTIONS = 32;
const BINDERS = 16;
const SEARCHERS = 4;
const MASTER_KEY = '07'.repeat(32);
const LOAD = join(import.meta.dirname, 'ldap/load.ts');
const GATEWAY = join(import.meta.dirname, '../../test/support/ldap-plain-gateway.ts');

/** A server under load. */
interface Server {
  port: number;
  tlsPort: number;
  pid: number;
  stop(): Promise<void>;
}

/** What is asked of it. */
type Kind = Pick<LoadOptions, 'filters' | 'attributes' | 'connections'> & { tls?: boolean };

const hex = (bytes: Buffer) => bytes.toString('hex');
/** A thousand people, spread over all of them. */
const spread = (filter: (n: number) => Buffer) =>
  Array.from({ length: 1_000 }, (_, i) => hex(filter((i * 7_919) % PEOPLE)));

const ALICE: Kind = { filters: [hex(byUid('alice'))], attributes: USER_ATTRIBUTES, connections: CONNECTIONS };
const KINDS: Record<string, Kind> = {
  '(uid=alice), 13 attributes': ALICE,
  'getpwuid of anybody': {
    filters: spread((n) => getpwuid(uidNumber(n))),
    attributes: USER_ATTRIBUTES,
    connections: CONNECTIONS,
  },
  'initgroups of anybody': {
    filters: spread((n) => initgroups(username(n))),
    attributes: GROUP_ATTRIBUTES,
    connections: CONNECTIONS,
  },
  '(uid=alice) over TLS': { ...ALICE, tls: true },
};
const EVERYBODY: Kind = { filters: [hex(everybody)], attributes: USER_ATTRIBUTES, connections: 1 };
const BINDS: Kind = { filters: [], attributes: [], connections: BINDERS };

/** Takes the figures; about three minutes. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-ldap-'));
  const running: { stop(): Promise<void> }[] = [];
  try {
    say(`making ${PEOPLE} people for both`);
    const databaseUrl = await prepareStore(directory);
    const { certFile, keyFile } = await selfSigned(join(directory, 'slapd'), ['localhost']);
    const home = await SlapdHome.prepare(join(directory, 'slapd-home'), { cert: certFile, key: keyFile });
    const pair = async (cores: string, processes: number) => {
      const both = { ours: await startOurs(directory, databaseUrl, cores, processes), slapd: await home.start(cores) };
      running.push(both.ours, both.slapd);
      return both;
    };
    // The first start of an installation compiles; figures are those of every other one.
    await (await startOurs(directory, databaseUrl, '0', 1)).stop();
    const rows = await oneCore(await pair('0', 1), say);
    for (const each of running.splice(0)) await each.stop();
    return [...rows, ...(await twoCores(await pair('0,1', 2), say))];
  } finally {
    for (const each of running) await each.stop();
    // Workers write down what they compiled when they end, which may be a moment later.
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function prepareStore(directory: string): Promise<string> {
  const url = `sqlite:${join(directory, 'berth.db')}`;
  const store = await openStore({ url, masterKey: Buffer.from(MASTER_KEY, 'hex') });
  await fillStore(store);
  await store.close();
  return url;
}

async function startOurs(directory: string, databaseUrl: string, cores: string, processes: number): Promise<Server> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const options: PlainGatewayOptions = { databaseUrl, masterKey: MASTER_KEY, base: BASE, port, tlsPort, processes };
  const { execArgv, env } = processSettings(directory);
  const args = ['-c', cores, process.execPath, ...execArgv, GATEWAY, JSON.stringify(options)];
  const child = spawn('taskset', args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  for (let ready = 0; ready < processes; )
    ready += String((await once(child.stdout, 'data'))[0]).split('ready').length - 1;
  return { port, tlsPort, pid: child.pid ?? 0, stop: () => stopped(child) };
}

async function stopped(child: ChildProcess): Promise<void> {
  const pids = await family(child.pid ?? 0);
  const ended = once(child, 'exit');
  for (const pid of pids) process.kill(pid, 'SIGTERM');
  await ended;
}

async function load(server: Server, kind: Kind, cores: string, seconds = SECONDS): Promise<LoadResult> {
  const { tls = false, ...rest } = kind;
  const options: LoadOptions = {
    ...rest,
    tls,
    port: tls ? server.tlsPort : server.port,
    bindDn: SERVICE_DN,
    password: PASSWORD,
    base: BASE,
    seconds,
    bindDns: Array.from({ length: 200 }, (_, n) => `uid=${username(n)},ou=people,${BASE}`),
  };
  const result = await runProgram('taskset', ['-c', cores, process.execPath, LOAD], {
    input: JSON.stringify(options),
    timeoutMs: 120_000,
  });
  if (result.exitCode !== 0) throw new Error(`the load failed: ${result.stderr}`);
  return JSON.parse(result.stdout);
}

type Pair = { ours: Server; slapd: Server };
type Taken = LoadResult & { microseconds: number };

/** The same load on both in turn, several times; processor time is that of the whole run, warming up included. */
async function inTurn(pair: Pair, kind: Kind, cores: string): Promise<{ ours: Taken[]; slapd: Taken[] }> {
  const taken: { ours: Taken[]; slapd: Taken[] } = { ours: [], slapd: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const which of ['ours', 'slapd'] as const) {
      const pids = await family(pair[which].pid);
      const before = await cpuSeconds(pids);
      const result = await load(pair[which], kind, cores);
      const seconds = (await cpuSeconds(pids)) - before;
      taken[which].push({ ...result, microseconds: (seconds * 1e6) / result.answers });
    }
  }
  return taken;
}

const median = (taken: readonly Taken[], value: (each: Taken) => number) => quantile(taken.map(value), 0.5);

function compare(
  figure: string,
  unit: string,
  both: { ours: Taken[]; slapd: Taken[] },
  value: (each: Taken) => number,
) {
  return row('ldap', `${figure} (other: slapd)`, unit, median(both.ours, value), median(both.slapd, value));
}

async function oneCore(pair: Pair, say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, kind] of Object.entries(KINDS)) {
    say(`one core: ${name}`);
    const both = await inTurn(pair, kind, '1');
    rows.push(compare(`one core: ${name}`, '1/s', both, (each) => each.perSecond));
    rows.push(compare(`one core: ${name}, processor time each`, 'µs', both, (each) => each.microseconds));
  }
  say('one core: everybody, and binds');
  const all = await inTurn(pair, EVERYBODY, '1');
  rows.push(compare(`one core: all ${PEOPLE} people, median`, 'ms', all, (each) => each.p50Ms));
  rows.push(compare(`one core: all ${PEOPLE} people, processor time`, 'ms', all, (each) => each.microseconds / 1_000));
  const binds = await inTurn(pair, BINDS, '1');
  rows.push(compare('one core: binds, argon2id 19 MiB', '1/s', binds, (each) => each.perSecond));
  const memory = await largest(pair.ours);
  return [...rows, row('ldap', `memory with ${PEOPLE} people (other: the aim)`, 'MB', memory, 150)];
}

async function largest(server: Server): Promise<number> {
  return Math.max(...(await Promise.all((await family(server.pid)).map(residentMb))));
}

async function twoCores(pair: Pair, say: (line: string) => void): Promise<Row[]> {
  say('two cores: (uid=alice), load on both too');
  const both = await inTurn(pair, ALICE, '0,1');
  const rows = [
    compare('two cores, with the load: (uid=alice)', '1/s', both, (each) => each.perSecond),
    compare('two cores: (uid=alice), processor time each', 'µs', both, (each) => each.microseconds),
  ];
  say(`two cores: ${SEARCHERS} searching while ${BINDERS} bind`);
  const storm = { ours: await searchInStorm(pair.ours), slapd: await searchInStorm(pair.slapd) };
  for (const [name, unit, value] of [
    ['searches', '1/s', (each: LoadResult) => each.perSecond],
    ['search, p50', 'ms', (each: LoadResult) => each.p50Ms],
    ['search, p99', 'ms', (each: LoadResult) => each.p99Ms],
  ] as const) {
    rows.push(
      row('ldap', `two cores, bind storm: ${name} (other: slapd)`, unit, value(storm.ours), value(storm.slapd)),
    );
  }
  return [
    ...rows,
    row('ldap', 'memory of a process after the storm (other: the aim)', 'MB', await largest(pair.ours), 150),
  ];
}

async function searchInStorm(server: Server): Promise<LoadResult> {
  const storm = load(server, BINDS, '0,1', 3 * SECONDS);
  const search = load(server, { ...ALICE, connections: SEARCHERS }, '0,1', 2 * SECONDS);
  const [result] = await Promise.all([search, storm]);
  return result;
}
