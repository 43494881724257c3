import {
  CommandFailureCode,
  type ConfigureEnvironment,
  type ConfigureGuest,
  type DeleteGuest,
  type GuestStatus,
  type StopGuest,
} from '@berth/proto/agent/v1/command_pb.js';
import { emptyAnswer, statusAnswer } from './answers.ts';
import type { GuestDone } from './create-guest.ts';
import { mergedEnvironment } from './environment.ts';
import { isFailure, PveFailure } from './failure.ts';
import { missingStatus, readStatus } from './guest-status.ts';
import { awaitOwnCreation, type GuestWork, runTask, whileLocked } from './guest-work.ts';
import { findGuest, type GuestPlace, notOurs, requireOurs } from './locate.ts';

/** Starts our guest; one that runs is a success. */
export async function startGuest(work: GuestWork): Promise<GuestDone> {
  const { place } = await whileLocked(work, () => requireOurs(work.nodes, work.ref));
  const warnings = await unless(/already running/, async () => {
    if (await isRunning(place)) return [];
    return (await runTask(work, place, 'post', '/status/start')).warnings;
  });
  return { warnings, guest: await readStatus(place) };
}

/** Stops our guest, cleanly within the grace and hard after it; one that is stopped is a success. */
export async function stopGuest(work: GuestWork, { graceSeconds }: StopGuest): Promise<GuestDone> {
  const { place } = await whileLocked(work, () => requireOurs(work.nodes, work.ref));
  const warnings = await halt(work, place, graceSeconds);
  return { warnings, guest: await readStatus(place) };
}

/** Destroys our guest; one that is not there is a success. */
export async function deleteGuest(work: GuestWork, { graceSeconds }: DeleteGuest): Promise<GuestDone> {
  const { nodes, ref } = work;
  const gone = missingStatus(ref.node, ref.vmid);
  let found = await findGuest(nodes, ref);
  if (found.state === 'creating' && (await awaitOwnCreation(work, found.place))) found = await findGuest(nodes, ref);
  if (found.state === 'missing') return { warnings: [], guest: gone };
  if (found.state !== 'ours') throw notOurs(ref, found.config);
  const { place } = found;
  const halted = await halt(work, place, graceSeconds);
  // Somebody else may have been quicker.
  const destroyed = await unless(/Configuration file '.*' does not exist/, async () => {
    return (await runTask(work, place, 'delete', '', { purge: 1 })).warnings;
  });
  return { warnings: [...halted, ...destroyed], guest: gone };
}

/** Changes the limits of our guest. The digest makes sure that nobody else's change is overwritten. */
export async function configureGuest(work: GuestWork, task: ConfigureGuest): Promise<GuestDone> {
  const limits = { cores: task.cores || undefined, memory: task.memoryMib || undefined };
  const change = async (): Promise<GuestPlace> => {
    const { place, config } = await requireOurs(work.nodes, work.ref);
    if (limits.cores !== undefined || limits.memory !== undefined) {
      await place.client.put(`${place.path}/config`, emptyAnswer, { ...limits, digest: config.digest });
    }
    return place;
  };
  const place = await whileLocked(work, () => again(/detected modified configuration/, change));
  return { warnings: [], guest: await readStatus(place) };
}

/** Sets environment variables of our guest's first process; the others it has stay. */
export async function configureEnvironment(work: GuestWork, task: ConfigureEnvironment): Promise<GuestDone> {
  const change = async (): Promise<GuestPlace> => {
    const { place, config } = await requireOurs(work.nodes, work.ref);
    const env = mergedEnvironment(config.env, task.variables);
    if (env !== (config.env ?? '')) {
      await place.client.put(`${place.path}/config`, emptyAnswer, { env, digest: config.digest });
    }
    return place;
  };
  const place = await whileLocked(work, () => again(/detected modified configuration/, change));
  return { warnings: [], guest: await readStatus(place) };
}

/** Reads the status of our guest; one that is not there is an answer too. */
export async function inspectGuest(work: GuestWork): Promise<GuestDone> {
  const { nodes, ref } = work;
  const found = await findGuest(nodes, ref);
  if (found.state === 'foreign') throw notOurs(ref, found.config);
  const guest: GuestStatus =
    found.state === 'missing' ? missingStatus(ref.node, ref.vmid) : await readStatus(found.place);
  return { warnings: [], guest };
}

async function halt(work: GuestWork, place: GuestPlace, graceSeconds: number): Promise<string[]> {
  return unless(/not running/, async () => {
    if (!(await isRunning(place))) return [];
    if (graceSeconds === 0) return (await runTask(work, place, 'post', '/status/stop')).warnings;
    // PVE itself stops it hard when the grace is over.
    const params = { timeout: graceSeconds, forceStop: 1 };
    return (await runTask(work, place, 'post', '/status/shutdown', params)).warnings;
  });
}

async function isRunning(place: GuestPlace): Promise<boolean> {
  return (await place.client.get(`${place.path}/status/current`, statusAnswer)).status === 'running';
}

/** Work whose failure in these words says that it was done already. */
async function unless(words: RegExp, run: () => Promise<string[]>): Promise<string[]> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PveFailure && words.test(error.message)) return [];
    throw error;
  }
}

/** Tries three times while it fails in these words. */
async function again<T>(words: RegExp, run: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left -= 1) {
    try {
      return await run();
    } catch (error) {
      if (left === 1 || !isFailure(error, CommandFailureCode.TASK_FAILED) || !words.test(error.message)) throw error;
    }
  }
}
