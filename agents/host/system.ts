/** The host's own services and accounts, as far as an enrolment touches them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { runProgram } from '../shared/run-program.ts';

/** Account of the agent, nginx and dnsmasq, as the package makes it. */
export const ACCOUNT = 'berth-agent';

/** The units of the package. */
export const AGENT_UNIT = 'berth-agent.service';
export const PATH_UNITS = ['berth-nginx.path', 'berth-dnsmasq.path'] as const;

/** Whether this is a host whose services the package can look after, and we may set it up. */
export function isManagedHost(): boolean {
  const unit = existsSync(`/usr/lib/systemd/system/${AGENT_UNIT}`);
  return process.getuid?.() === 0 && unit && existsSync('/run/systemd/system');
}

/** An account's numbers; undefined when there is no such account. */
export async function accountOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = accounts
    .split('\n')
    .map((line) => line.split(':'))
    .find(([login]) => login === name);
  return fields && { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/**
 * Does something with the rights of another account, so that root writes nothing into a directory that is not root's.
 * One at a time: the whole process changes.
 */
export async function actingAs<T>({ uid, gid }: { uid: number; gid: number }, work: () => Promise<T>): Promise<T> {
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** Tells systemd something. @returns its words when it refuses */
export async function systemctl(...args: string[]): Promise<string | undefined> {
  const { exitCode, stderr } = await runProgram('systemctl', args, { timeoutMs: 150_000 });
  return exitCode === 0 ? undefined : stderr || `systemctl ${args.join(' ')} ended with ${exitCode}`;
}

/** What systemd says of a unit: "active", "inactive", "failed", …; empty without systemd. */
export async function stateOf(unit: string): Promise<string> {
  return (await runProgram('systemctl', ['is-active', unit])).stdout.trim();
}

/** Whether a unit comes up at the next boot. */
export async function isEnabled(unit: string): Promise<boolean> {
  return (await runProgram('systemctl', ['is-enabled', '--quiet', unit])).exitCode === 0;
}
