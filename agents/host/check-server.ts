/** Whether the control plane can be reached from here, is the right one, and has the same time. */
import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Finding } from '@berth/proto/contract/finding.ts';

const TIMEOUT_MS = 5_000;
/** Seconds between two clocks: above the first, logs are hard to compare; above the second, certificates fail. */
const NOTABLE_S = 5;
const TOO_MUCH_S = 60;
/** Where agents' sessions are unless the control plane says otherwise. */
const SESSION_PORT = 8444;

/** What a server shows of itself before anything is believed. */
interface Shown {
  /** SHA-256 of each certificate of its chain, hex. */
  fingerprints: string[];
  /** Seconds its clock is ahead of ours, as its answer's `Date` says; undefined when it says none. */
  aheadS: number | undefined;
}

/** Looks at a control plane. @param caSha256 hex, of its authority */
export async function checkServer(server: URL, caSha256: string): Promise<Finding[]> {
  const session = await checkReach('agents port', server.hostname, SESSION_PORT);
  try {
    const { fingerprints, aheadS } = await look(server);
    return [authorityFinding(server, fingerprints.includes(caSha256)), clockFinding(aheadS), session];
  } catch (error) {
    const message = `${server.origin} cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = 'Look at the name, the port and the firewalls between: it must be open for TCP from this host.';
    return [{ check: 'control plane', state: 'fault', message, remedy }, session];
  }
}

/** Whether a TCP port can be reached. */
export function checkReach(check: string, hostname: string, port: number): Promise<Finding> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason?: string) => {
      socket.destroy();
      resolve(reason === undefined ? reached(check, host, port) : notReached(check, host, port, reason));
    };
    socket.setTimeout(TIMEOUT_MS, () => end('no answer in time'));
    socket.once('connect', () => end());
    socket.once('error', (error) => end(error.message));
  });
}

/** How far two clocks are apart. */
export function clockFinding(aheadS: number | undefined): Finding {
  if (aheadS === undefined) return { check: 'clock', state: 'warning', message: 'the control plane tells no time' };
  const apart = Math.abs(aheadS);
  if (apart <= NOTABLE_S) return { check: 'clock', state: 'ok', message: 'as the control plane’s' };
  const message = `this host's clock is ${Math.round(apart)} s ${aheadS > 0 ? 'behind' : 'ahead of'} the control plane's`;
  const remedy = 'timedatectl set-ntp true (apt install systemd-timesyncd, where there is none)';
  return { check: 'clock', state: apart > TOO_MUCH_S ? 'fault' : 'warning', message, remedy };
}

/** Seconds the server's clock is ahead. @throws Error when it cannot be reached */
export async function secondsAhead(server: URL): Promise<number | undefined> {
  return (await look(server)).aheadS;
}

/** Nothing secret is sent, and nothing but certificates and the time is read, so nobody need be believed. */
function look(server: URL): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const url = new URL('/livez', server);
    const call = request(url, { rejectUnauthorized: false, agent: false, timeout: TIMEOUT_MS }, (answer) => {
      const fingerprints = chainOf(answer.socket as TLSSocket);
      const date = Date.parse(answer.headers.date ?? '');
      answer.resume();
      answer.once('close', () => call.destroy());
      resolve({ fingerprints, aheadS: Number.isNaN(date) ? undefined : aheadOf(date) });
    });
    call.once('timeout', () => call.destroy(new Error('no answer in time')));
    call.once('error', reject);
    call.end();
  });
}

/** The header has whole seconds: up to one is no difference. */
function aheadOf(dateMs: number): number {
  const difference = (dateMs - Date.now()) / 1000;
  if (difference > 0) return difference;
  return Math.min(0, difference + 1);
}

function chainOf(socket: TLSSocket): string[] {
  const found: string[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw) {
    const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
    if (found.includes(fingerprint)) break;
    found.push(fingerprint);
    certificate = certificate.issuerCertificate;
  }
  return found;
}

function authorityFinding(server: URL, right: boolean): Finding {
  if (right) return { check: 'control plane', state: 'ok', message: `${server.origin} is the right one` };
  const message = `${server.origin} shows no certificate with the SHA-256 of --ca-sha256: wrong server or wrong fingerprint`;
  const remedy = 'Take the whole command anew from the control plane: berth agent create, or the page Agents.';
  return { check: 'control plane', state: 'fault', message, remedy };
}

function reached(check: string, host: string, port: number): Finding {
  return { check, state: 'ok', message: `${host}:${port} can be reached` };
}

function notReached(check: string, host: string, port: number, reason: string): Finding {
  const message = `${host}:${port} cannot be reached: ${reason}`;
  const remedy = `Agents keep a session there (BERTH_AGENT_LISTEN of the control plane): open TCP ${port} from this host.`;
  return { check, state: 'warning', message, remedy };
}
