import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerUser } from './database-servers.ts';
import { waitFor } from './wait-for.ts';

/** A child process with the last of what it said, for error messages. */
export type ServerProcess = { readonly child: ChildProcess; output(): string };

const OUTPUT_KEPT = 4_000;
const DEBIAN_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Starts a program as `user`; it receives `deathSignal` when this process dies, however it dies.
 *
 * `setpriv` sets the signal after the change of user, since the kernel clears it there.
 */
export function spawnAs(user: ServerUser, deathSignal: 'KILL' | 'QUIT', command: readonly string[]): ServerProcess {
  const identity = process.getuid?.() === 0 ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  const child = spawn('setpriv', [...identity, '--pdeathsig', deathSignal, '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that Ctrl-C reaches the test run alone, which then stops its servers in order.
    detached: true,
    env: { PATH: DEBIAN_PATH, LC_ALL: 'C.UTF-8' },
    cwd: '/',
  });
  let kept = '';
  const keep = (chunk: Buffer) => {
    kept = (kept + chunk.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(String(error))));
  return { child, output: () => kept };
}

/** Runs a program as `user` to its end. @throws Error with its output when it fails. */
export async function runAs(user: ServerUser, command: readonly string[]): Promise<void> {
  const { child, output } = spawnAs(user, 'KILL', command);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${output()}`);
}

/**
 * Waits until `connect` succeeds, at most 60 s.
 *
 * @throws Error with the server's own words when it ended or stayed deaf.
 */
export async function untilReady(server: ServerProcess, name: string, connect: () => Promise<void>): Promise<void> {
  const ended = () => server.child.exitCode !== null || server.child.signalCode !== null;
  try {
    await waitFor(async () => ended() || (await connect().then(() => true)), { timeoutMs: 60_000, what: name });
  } catch (error) {
    throw new Error(`${name} does not answer: ${server.output()}`, { cause: error });
  }
  if (ended()) throw new Error(`${name} ended: ${server.output()}`);
}

/** Asks a child to end by `signal`, and kills it after 5 s. Idempotent. */
export async function stopProcess(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  const { child } = server;
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = once(child, 'close');
  child.kill(signal);
  const patience = new AbortController();
  const late = delay(5_000, 'late', { signal: patience.signal }).catch(() => 'closed');
  if ((await Promise.race([closed, late])) === 'late') child.kill('SIGKILL');
  patience.abort();
  await closed;
}
