/**
 * A thousand routes changed one after another under load: clients that keep their connections, held WebSockets, a long
 * download, and wrk. "other" is what it must stay below. nginx before 1.27.4 closes kept connections when a worker leaves, so clients,
 * wrk among them, have to ask again; how often is told, too. Needs wrk, and the right to make a mount namespace.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { changeUnderLoad } from '@berth/test/integration/nginx-changes.ts';
import type { NginxHost } from '@berth/test/integration/nginx-host.ts';
import { quantile, type Row, row } from './rows.ts';

const CHANGES = 1000;
const BUSY_HOST = 'web7.apps.lab';
const MOST_WORKERS = 12;

/** Takes the figures; some ten minutes. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const amount = { routes: 1000, changes: CHANGES, clients: 8, sockets: 50 };
  let reports: string[] = [];
  const outcome = await changeUnderLoad(amount, say, async (host, over) => {
    reports = await load(host, over);
  });
  for (const failure of outcome.failures.slice(0, 20)) say(failure);
  const sum = (pattern: RegExp) => reports.reduce((total, text) => total + Number(pattern.exec(text)?.[1] ?? 0), 0);
  const figure = (what: string) => `${what}, ${CHANGES} changes one after another (other: must stay below)`;
  const rows = (what: string, unit: string, value: number, bound: number) => {
    return row('nginx-changes', figure(what), unit, value, bound);
  };
  say(`${sum(/(\d+) requests in/)} requests by wrk, ${sum(/read (\d+)/)} of its kept connections closed by nginx`);
  say(`${outcome.requests} requests by clients, ${outcome.again} asked again, ${outcome.echoes} echoes`);
  return [
    rows('failed requests and dropped connections', '', outcome.failures.length, 1),
    rows('answers to wrk other than 2xx, time-outs', '', sum(/Non-2xx.*: (\d+)/) + sum(/timeout (\d+)/), 1),
    rows('workers at one time, most', '', outcome.workers, MOST_WORKERS + 1),
    rows('time of a change, median', 'ms', quantile(outcome.applyMs, 0.5), 1000),
  ];
}

/** Runs wrk again and again until it is over. */
async function load(host: NginxHost, over: AbortSignal): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const hosts = join(directory, 'hosts');
  await writeFile(hosts, `127.0.0.1 localhost ${BUSY_HOST}\n`);
  const script = 'mount --bind "$1" /etc/hosts && exec wrk -t 1 -c 16 -d 10s "$2"';
  const args = ['--mount', 'sh', '-c', script, 'sh', hosts, `https://${BUSY_HOST}:${host.httpsPort}/`];
  const reports: string[] = [];
  while (!over.aborted) reports.push((await runProgram('unshare', args, { timeoutMs: 30_000 })).stdout);
  await rm(directory, { recursive: true });
  return reports;
}
