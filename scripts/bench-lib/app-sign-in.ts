/**
 * What the gate before an app costs: requests over HTTPS to a small page behind sign-in, each of them asked about at the
 * control plane, beside the same page without, in turns through the same nginx. Needs
 * wrk, and the right to make a mount namespace: wrk takes the name for SNI from its URL, so it is given a hosts file.
 */
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { AppSignInService } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { ended } from '@berth/test/e2e/support/containers.ts';
import { createLocalLab, type LocalLab } from '@berth/test/lab/local-lab.ts';
import { createClient } from '@connectrpc/connect';
import { quantile, type Row, row } from './rows.ts';

const ROUNDS = 3;
const SECONDS = 5;
const CONNECTIONS = 32;
const GUARDED = 'guarded.apps.localhost';
const OPEN = 'open.apps.localhost';

/** What wrk says. */
interface Load {
  perSecond: number;
  p50: number;
  p99: number;
}

/** Takes the figures; about a minute. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const lab = await createLocalLab();
  try {
    await Promise.all([make(lab, GUARDED, SignInRequirement.MEMBERS), make(lab, OPEN, SignInRequirement.UNSPECIFIED)]);
    const cookie = await signIn(lab);
    const [guarded, open]: [Load[], Load[]] = [[], []];
    for (let round = 1; round <= ROUNDS; round += 1) {
      say(`requests, round ${round} of ${ROUNDS}`);
      guarded.push(await load(lab, GUARDED, cookie));
      open.push(await load(lab, OPEN, cookie));
    }
    const compare = (what: string, unit: string, value: (load: Load) => number) => {
      const figure = `${what} behind sign-in (other: without)`;
      return row('app-sign-in', figure, unit, quantile(guarded.map(value), 0.5), quantile(open.map(value), 0.5));
    };
    return [
      compare('requests, median', '1/s', ({ perSecond }) => perSecond),
      compare(`time of a request, ${CONNECTIONS} at once, p50`, 'ms', ({ p50 }) => p50),
      compare(`time of a request, ${CONNECTIONS} at once, p99`, 'ms', ({ p99 }) => p99),
    ];
  } finally {
    await lab.destroy();
  }
}

async function make(lab: LocalLab, host: string, require: SignInRequirement): Promise<void> {
  const exposure = { case: 'http' as const, value: { host, options: { signIn: { require } } } };
  const { operation } = await createClient(ContainersService, lab.api.transport).createContainer({
    container: {
      site: lab.site.id,
      hostname: host.split('.')[0] ?? '',
      template: 'debian-12',
      services: [{ internalPort: lab.ports.guestHttp, exposure }],
    },
  });
  await ended(lab.api.transport, operation?.id ?? '');
}

/** The way in, as a browser goes it. @returns the app's cookie */
async function signIn(lab: LocalLab): Promise<string> {
  const sent = await get(lab, '/', { accept: 'text/html' });
  const wanted = new URL(sent.headers.location ?? '').searchParams;
  const field = (name: string) => wanted.get(name) ?? '';
  const client = createClient(AppSignInService, lab.api.transport);
  const { location } = await client.beginAppSignIn({ host: field('host'), path: '/', state: field('state') });
  const { pathname, search } = new URL(location);
  return cookieOf(await get(lab, `${pathname}${search}`, { cookie: cookieOf(sent) }));
}

function cookieOf({ headers }: IncomingMessage): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

function get({ ports }: LocalLab, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const to = { host: '127.0.0.1', port: ports.https, servername: GUARDED, path, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const call = request({ ...to, headers: { host: GUARDED, ...headers } }, (response) => {
      response.resume();
      resolve(response);
    });
    call.on('error', reject);
    call.end();
  });
}

async function load({ directory, ports }: LocalLab, host: string, cookie: string): Promise<Load> {
  const hosts = join(directory, 'hosts');
  await writeFile(hosts, `127.0.0.1 localhost ${host}\n`);
  const script = 'mount --bind "$1" /etc/hosts && shift && exec wrk "$@"';
  const flags = ['-t2', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency', '-H', `Cookie: ${cookie}`];
  const args = ['--mount', 'sh', '-c', script, 'sh', hosts, ...flags, `https://${host}:${ports.https}/`];
  const { stdout, stderr } = await runProgram('unshare', args);
  const told = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? '';
  const perSecond = Number(told(/Requests\/sec:\s+([\d.]+)/));
  if (!perSecond || stdout.includes('Non-2xx')) throw new Error(`wrk failed: ${stdout}${stderr}`);
  return { perSecond, p50: inMs(told(/50%\s+(\S+)/)), p99: inMs(told(/99%\s+(\S+)/)) };
}

function inMs(text: string): number {
  const [, number, unit] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(number) * ({ us: 0.001, ms: 1, s: 1000 }[unit ?? ''] ?? Number.NaN);
}
