import type { Finding } from '@berth/proto/contract/finding.ts';
import { readLedger } from '../shared/ledger.ts';
import { type RunningStatus, readRunningStatus } from '../shared/status-file.ts';

const LOG = 'See: journalctl -u berth-agent';

/** What the agent itself says: its session, what it holds and runs, what it has set aside. */
export async function examineAgent(stateDir: string): Promise<Finding[]> {
  const { held, running } = await readLedger(stateDir);
  const status = await readRunningStatus(stateDir);
  if (!status || !isAlive(status.pid)) {
    const message = `no agent runs here; generation ${running} is what it applied last`;
    return [{ check: 'agent', state: 'fault', message, remedy: `systemctl start berth-agent\n${LOG}` }];
  }
  return [
    { check: 'agent', state: 'ok', message: `pid ${status.pid}, version ${status.version}` },
    sessionFinding(status),
    generationFinding(held.generation, running, status),
    ...(status.applied?.quarantined ?? []).map(asideFinding),
    ...Object.entries(status.nodes ?? {}).map(nodeFinding),
    ...(status.findings ?? []).map((message): Finding => ({ check: 'agent', state: 'warning', message, remedy: LOG })),
  ];
}

function sessionFinding({ session }: RunningStatus): Finding {
  const check = 'session';
  if (session?.open) return { check, state: 'ok', message: `open since ${new Date(session.sinceMs).toISOString()}` };
  const message = `there is none, and what the host serves stays as it is: ${session?.reason || 'none was opened yet'}`;
  const remedy = `Look whether the control plane runs (berth doctor there) and can be reached from here.\n${LOG}`;
  return { check, state: 'fault', message, remedy };
}

/** @param running generation that the ledger says was applied last */
export function generationFinding(held: bigint, running: bigint, { applied }: RunningStatus): Finding {
  const check = 'generation';
  if (applied && !applied.running) {
    const message = `${applied.generation} was refused, ${running} runs: ${applied.message}`;
    return { check, state: 'fault', message, remedy: `The words are the program's own. It is tried again.\n${LOG}` };
  }
  if (held === 0n) return { check, state: 'ok', message: 'the control plane has sent nothing yet' };
  if (held === running) return { check, state: 'ok', message: `${running} is held and runs` };
  const message = `${held} is held, ${running} runs`;
  return { check, state: 'warning', message, remedy: `It is being applied; if that stays so:\n${LOG}` };
}

function asideFinding({ kind, name, reason }: { kind: string; name: string; reason: string }): Finding {
  const message = `${kind} ${name} is set aside, everything else is served: ${reason}`;
  const remedy = 'Its owner reads the same on the page of the container or domain, and mends it there.';
  return { check: 'set aside', state: 'warning', message, remedy };
}

/** What is missing comes with the commands that give it, below the first line. */
export function nodeFinding([node, words]: [string, string]): Finding {
  const [message = '', ...commands] = words.split('\n');
  const remedy =
    commands.length > 0 ? commands.join('\n') : 'Look at the node, and at its address: berth node get SITE/NODE';
  return { check: `node ${node}`, state: 'fault', message, remedy };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
