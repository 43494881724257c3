import { setTimeout as pause } from 'node:timers/promises';
import { runProgram } from '../shared/run-program.ts';
import { type RunningStatus, readRunningStatus } from '../shared/status-file.ts';
import { AGENT_UNIT } from './system.ts';

const LOOK_MS = 200;
/** The control plane sends what a host is to hold with its welcome; there may be nothing yet. */
const NOTHING_MS = 5_000;
const LONGEST_MS = 60_000;

/** How the wait for a host that serves has ended. */
/** @property nodes what is wrong with PVE nodes, by node */
export type ServingWait =
  | { serves: true; words: string; nodes: Readonly<Record<string, string>> }
  | { serves: false; reason: string };

/** Waits until the agent of this host is in session and runs what it should. */
export async function awaitServing(stateDir: string): Promise<ServingWait> {
  const begun = performance.now();
  for (;;) {
    const status = await statusOfService(stateDir);
    const waited = performance.now() - begun;
    const done = verdict(status, waited);
    if (done) return done;
    if (waited > LONGEST_MS) return { serves: false, reason: whyNot(status) };
    await pause(LOOK_MS);
  }
}

function verdict(status: RunningStatus | undefined, waitedMs: number): ServingWait | undefined {
  if (!status?.session?.open) return undefined;
  const { applied, nodes = {} } = status;
  if (applied?.running) return { serves: true, words: `generation ${applied.generation} runs`, nodes };
  if (!applied && waitedMs > NOTHING_MS) return { serves: true, words: 'there is nothing to do yet', nodes };
  return undefined;
}

function whyNot(status: RunningStatus | undefined): string {
  if (!status) return 'the agent does not run';
  if (!status.session?.open) return `no session with the control plane: ${status.session?.reason || 'none yet'}`;
  return status.applied?.message || 'nothing was applied';
}

/** What the agent said last, if it was the one that runs now. */
async function statusOfService(stateDir: string): Promise<RunningStatus | undefined> {
  const { stdout } = await runProgram('systemctl', ['show', '--property=MainPID', '--value', AGENT_UNIT]);
  const status = await readRunningStatus(stateDir);
  return status?.pid === Number(stdout.trim()) ? status : undefined;
}
