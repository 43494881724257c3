/**
 * What a change costs on the nginx host with 10,000 routes present: the nginx role beside one `server` block a route,
 * and requests per second through it beside one server written by hand, all in the same run. Needs wrk, and the right
 * to make a mount namespace: wrk takes the name for SNI from its URL, so it is given a hosts file of its own.
 */

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { certificate, NginxHost, route } from '@berth/test/integration/nginx-host.ts';
import { freePort } from '@berth/test/support/free-port.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { memoryOf, PlainNginx, WORKERS, workerSeconds } from './plain-nginx.ts';
import { quantile, type Row, row } from './rows.ts';

const ROUTES = 10_000;
const CHANGES = 5;
const ROUNDS = 15;
const BUSY_HOST = 'web0.apps.lab';

/** Takes the figures; about two minutes. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const parts = new Parts(directory, await freePort());
  // The role's timers do not keep a process alive; an agent has its session for that.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await parts.backend.load('backend', `server { listen 127.0.0.1:${parts.port}; ${NO_LOG} return 200 "ok\\n"; }`);
    return [...(await compareApply(parts, say)), ...(await compareRequests(parts, say))];
  } finally {
    clearInterval(alive);
    await parts.close();
    await rm(directory, { recursive: true, force: true });
  }
}

class Parts {
  readonly directory: string;
  readonly port: number;
  readonly backend: PlainNginx;
  readonly running: { stop(): Promise<void> }[] = [];

  constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
    this.backend = this.plain('backend');
  }

  plain(name: string): PlainNginx {
    const nginx = new PlainNginx(join(this.directory, name));
    this.running.push(nginx);
    return nginx;
  }

  async close(): Promise<void> {
    for (const each of this.running) await each.stop();
  }
}

/** Backends of the routes: one that answers, and addresses where nobody is. */
function backendOf(index: number, port: number): { address: string; port: number } {
  return index === 0 ? { address: '127.0.0.1', port } : { address: `10.9.${index >> 8}.${index & 255}`, port: 80 };
}

function allRoutes(port: number): Resource[] {
  return Array.from({ length: ROUTES }, (_, index) => {
    const backend = backendOf(index, port);
    return route(`web${index}.apps.lab`, backend.port, { address: backend.address });
  });
}

async function compareApply(parts: Parts, say: (line: string) => void): Promise<Row[]> {
  const ours = await startOurs(parts);
  say(`${ROUTES} routes: ${CHANGES} changes, ours`);
  const oursMs: number[] = [];
  for (let change = 1; change <= CHANGES; change += 1) {
    const report = await ours.apply(route('changed.apps.lab', 80, { address: `10.8.0.${change}` }));
    if (report.status !== 'running') throw new Error(report.message);
    oursMs.push(Object.values(report.timingsMs).reduce((sum, ms) => sum + ms, 0));
  }
  const oursMemory = await settledMemory(await ours.masterPid());

  say(`${ROUTES} routes: ${CHANGES} changes, one block a route`);
  const blocks = parts.plain('blocks');
  const port = await freePort();
  await blocks.load('blocks-0', await blockPerRoute(parts, port, 0));
  const blocksMs: number[] = [];
  for (let change = 1; change <= CHANGES; change += 1) {
    blocksMs.push(await blocks.load(`blocks-${change}`, await blockPerRoute(parts, port, change)));
  }
  const blocksMemory = await settledMemory(await blocks.masterPid());
  const figure = (what: string) => `${what}, ${ROUTES} routes (other: block per route)`;
  return [
    row('nginx-apply', figure('stage + test + reload, median'), 'ms', quantile(oursMs, 0.5), quantile(blocksMs, 0.5)),
    row('nginx-apply', figure('memory, RSS sum'), 'MB', oursMemory.rss, blocksMemory.rss),
    row('nginx-apply', figure('memory, PSS sum'), 'MB', oursMemory.pss, blocksMemory.pss),
  ];
}

async function compareRequests(parts: Parts, say: (line: string) => void): Promise<Row[]> {
  const host = await startOurs(parts);
  const ours = { port: host.httpsPort, pid: await host.masterPid(), log: host.path('log', 'access.log') };
  const least = await startByHand(parts, 'hand', COMBINED);
  const equal = await startByHand(parts, 'equal', EQUAL);
  const loads: { ours: Load[]; least: Load[]; equal: Load[] } = { ours: [], least: [], equal: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    say(`requests per second, round ${round} of ${ROUNDS}`);
    loads.ours.push(await load(parts.directory, ours));
    loads.least.push(await load(parts.directory, least));
    loads.equal.push(await load(parts.directory, equal));
  }
  const compare = (what: string, unit: string, value: (load: Load) => number) => {
    const median = (some: Load[]) => quantile(some.map(value), 0.5);
    const figure = (other: string) => `${what}, ${ROUTES} routes (other: one server by hand, ${other})`;
    return [
      row('nginx-apply', figure('the same log and headers'), unit, median(loads.ours), median(loads.equal)),
      row('nginx-apply', figure('the usual log, no identifier'), unit, median(loads.ours), median(loads.least)),
    ];
  };
  return [
    ...compare('requests over HTTPS, median', '1/s', (each) => each.perSecond),
    // On a machine that does other things too, this one tells more than the rate.
    ...compare('processor time of the workers a request, median', 'µs', (each) => each.microsecondsEach),
  ];
}

async function startByHand(parts: Parts, name: string, also: (log: string) => string): Promise<Served> {
  const nginx = parts.plain(name);
  const port = await freePort();
  const log = join(parts.directory, `${name}.log`);
  await nginx.load(name, await handWritten(parts, port, also(log)));
  return { port, pid: await nginx.masterPid(), log };
}

let started: NginxHost | undefined;

async function startOurs(parts: Parts): Promise<NginxHost> {
  if (started) return started;
  const host = await NginxHost.start();
  parts.running.push({ stop: () => host.close() });
  const report = await host.apply(await certificate('apps', '*.apps.lab'), ...allRoutes(parts.port));
  if (report.status !== 'running' || report.errors.length > 0) throw new Error(JSON.stringify(report.errors));
  started = host;
  return host;
}

async function certificateFiles(parts: Parts): Promise<string> {
  const { body } = await certificate('apps', '*.apps.lab');
  if (body.case !== 'certificate') throw new Error('not a certificate');
  const path = join(parts.directory, 'apps');
  await writeFile(`${path}.pem`, body.value.chainPem);
  await writeFile(`${path}.key`, body.value.keyPem, { mode: 0o600 });
  return `ssl_certificate ${path}.pem; ssl_certificate_key ${path}.key; ssl_protocols TLSv1.2 TLSv1.3;`;
}

// What a careful hand writes too, so that both do the same work for a request.
const PROXY = `proxy_http_version 1.1;
proxy_buffering off;
proxy_request_buffering off;
proxy_set_header Host $host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_header;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Forwarded-Port $server_port;`;
const NO_LOG = 'access_log off;';
const MAP = 'map $http_upgrade $connection_header { default upgrade; "" ""; }';

async function blockPerRoute(parts: Parts, port: number, change: number): Promise<string> {
  const tls = await certificateFiles(parts);
  const blocks = Array.from({ length: ROUTES }, (_, index) => {
    const backend = index === 1 ? { address: `10.8.0.${change}`, port: 80 } : backendOf(index, parts.port);
    return `server { listen 127.0.0.1:${port} ssl http2; server_name web${index}.apps.lab; ${tls}
${PROXY}
location / { proxy_pass http://${backend.address}:${backend.port}; } }`;
  });
  return `${MAP}
${NO_LOG}
server_names_hash_max_size 65536; server_names_hash_bucket_size 128;\n${blocks.join('\n')}`;
}

const COMBINED = (log: string) => `access_log ${log} combined buffer=64k flush=1s;`;

// What ours does for every request besides: it says which request it is, as nginx itself can, writes what there is to
// know of it as JSON, and keeps from backends what only the ingress may say.
const EQUAL = (
  log: string,
) => `log_format json escape=json '{"at":"$time_iso8601","client":"$remote_addr","host":"$host",'
  '"method":"$request_method","uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,'
  '"backend":"$upstream_addr","backend_seconds":"$upstream_response_time","protocol":"$server_protocol",'
  '"tls":"$ssl_protocol","agent":"$http_user_agent","referer":"$http_referer","id":"$request_id","user":"$remote_user"}';
access_log ${log} json buffer=64k flush=1s;
proxy_set_header X-Request-Id $request_id;
${['X-Forwarded-Prefix', 'Forwarded', 'X-User', 'X-Preferred-Username', 'X-Groups', 'X-Email']
  .map((name) => `proxy_set_header ${name} "";`)
  .join('\n')}`;

async function handWritten(parts: Parts, port: number, also: string): Promise<string> {
  return `${MAP}
upstream backend { server 127.0.0.1:${parts.port}; keepalive 32; }
${PROXY}
${also}
server { listen 127.0.0.1:${port} ssl http2; server_name ${BUSY_HOST}; ${await certificateFiles(parts)}
location / { proxy_pass http://backend; } }`;
}

/** Memory once the workers of earlier configurations have ended. */
async function settledMemory(masterPid: number): Promise<{ rss: number; pss: number }> {
  let last = Number.POSITIVE_INFINITY;
  return waitFor(
    async () => {
      const memory = await memoryOf(masterPid);
      const settled = memory.workers === WORKERS && Math.abs(memory.rss - last) < 0.5;
      last = memory.rss;
      return settled ? memory : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 500, what: 'the memory of nginx to settle' },
  );
}

/** An nginx that is asked, and where it writes that it was. */
type Served = { port: number; pid: number; log: string };
type Load = { perSecond: number; microsecondsEach: number };

async function load(directory: string, { port, pid, log }: Served): Promise<Load> {
  const hosts = join(directory, 'hosts');
  await writeFile(hosts, `127.0.0.1 localhost ${BUSY_HOST}\n`);
  const script = 'mount --bind "$1" /etc/hosts && exec wrk -t 2 -c 32 -d 2s "$2"';
  const args = ['--mount', 'sh', '-c', script, 'sh', hosts, `https://${BUSY_HOST}:${port}/`];
  const [before, logged] = [await workerSeconds(pid), (await stat(log)).size];
  const result = await runProgram('unshare', args);
  const seconds = (await workerSeconds(pid)) - before;
  const [, perSecond] = /Requests\/sec:\s+([\d.]+)/.exec(result.stdout) ?? [];
  const [, requests] = /(\d+) requests in/.exec(result.stdout) ?? [];
  if (!requests || result.stdout.includes('Non-2xx')) throw new Error(`wrk failed: ${result.stdout}${result.stderr}`);
  // One that writes no log, as a first `access_log off` beside another makes it, does less than it is said to.
  if ((await stat(log)).size === logged) throw new Error(`${log} did not grow`);
  return { perSecond: Number(perSecond), microsecondsEach: (seconds * 1e6) / Number(requests) };
}
