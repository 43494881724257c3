import { CommandFailureCode, type GuestRef } from '@berth/proto/agent/v1/command_pb.js';
import { fullJitter } from '@berth/proto/contract/backoff.ts';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { CommandContext } from '../shared/role.ts';
import { upidAnswer } from './answers.ts';
import type { PveApi, PveParams } from './client.ts';
import { isFailure, PveFailure } from './failure.ts';
import type { GuestPlace } from './locate.ts';
import type { NodeSet } from './nodes.ts';
import { newestOwnTask, waitForTask } from './tasks.ts';

const LOCK_BACKOFF = { baseMs: 500, capMs: 5_000 };
const LOCK_LEAST_MS = 250;

/** One command on one guest. */
export interface GuestWork {
  ref: GuestRef;
  nodes: NodeSet;
  context: CommandContext;
  clock: Clock;
  random: Random;
  /** Milliseconds to go on trying while a lock is busy. */
  lockTimeoutMs: number;
}

/** Waits for a task of this work and streams its log. */
export function waitFor(work: GuestWork, client: PveApi, upid: string): Promise<{ warnings: string[] }> {
  const { clock, context } = work;
  return waitForTask({ client, clock, signal: context.signal, progress: (line) => context.progress(line) }, upid);
}

/** Begins a task on a guest and waits for its end; a busy lock, wherever it shows, is tried again. */
export function runTask(
  work: GuestWork,
  place: GuestPlace,
  method: 'post' | 'delete',
  path: string,
  params: PveParams = {},
): Promise<{ warnings: string[] }> {
  return whileLocked(work, async () => {
    const upid = await place.client[method](`${place.path}${path}`, upidAnswer, params);
    return waitFor(work, place.client, upid);
  });
}

/** Tries again, spread out, while PVE says that a lock is busy. */
export async function whileLocked<T>(work: GuestWork, attempt: () => Promise<T>): Promise<T> {
  const giveUp = work.clock.now() + work.lockTimeoutMs;
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isFailure(error, CommandFailureCode.LOCKED) || work.clock.now() >= giveUp) throw error;
      work.context.progress(`${error.message}; trying again`);
    }
    const wait = LOCK_LEAST_MS + fullJitter(LOCK_BACKOFF, failures, work.random);
    await delay(work.clock, wait, work.context.signal);
  }
}

/**
 * While a guest is being created nothing shows whose it is; the task does. Waits for a creation that our own token
 * began; false when there is none. How it ended is for the caller to look at.
 */
export async function awaitOwnCreation(work: GuestWork, place: GuestPlace): Promise<boolean> {
  const upid = await newestOwnTask(place.client, place.node, place.vmid, 'vzcreate');
  if (upid === undefined) return false;
  work.context.progress('waiting for the creation that is under way');
  try {
    await waitFor(work, place.client, upid);
  } catch (error) {
    if (!(error instanceof PveFailure) || error.code === CommandFailureCode.UNAVAILABLE) throw error;
    work.context.progress(`that creation failed: ${error.message}`);
  }
  return true;
}
