import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where labs are recorded, one directory each. */
export const LAB_RECORDS = '/run/berth-lab';

/** The directory of lab `id`: its owner's record, and below it whatever the lab wants removed with it. */
export function labDirectory(id: string): string {
  return join(LAB_RECORDS, id);
}

/**
 * Claims the id of a lab for this process.
 *
 * @throws Error when another lab has it.
 */
export async function recordLab(id: string): Promise<void> {
  await mkdir(LAB_RECORDS, { recursive: true });
  try {
    await mkdir(labDirectory(id));
  } catch (cause) {
    throw new Error(`a lab with the id ${id} exists already`, { cause });
  }
  await writeFile(join(labDirectory(id), 'owner'), `${process.pid} ${await startTime(process.pid)}\n`);
}

/** Ids of the labs whose owner has died. */
export async function abandonedLabs(): Promise<string[]> {
  const ids = await readdir(LAB_RECORDS).catch(() => []);
  const alive = await Promise.all(ids.map(ownerIsAlive));
  return ids.filter((_, index) => !alive[index]);
}

async function ownerIsAlive(id: string): Promise<boolean> {
  const record = await readFile(join(labDirectory(id), 'owner'), 'utf8').catch(() => undefined);
  // Between making the directory and writing the record the owner is at work; it is swept only once it is older.
  if (record === undefined) return isFresh(labDirectory(id));
  const [pid, started] = record.trim().split(' ');
  return (await startTime(Number(pid))) === started;
}

async function isFresh(directory: string): Promise<boolean> {
  const made = await stat(directory).catch(() => undefined);
  return made === undefined || Date.now() - made.mtimeMs < 10_000;
}

/** Start of a process in clock ticks since boot: tells it from a later one with the same number. */
async function startTime(pid: number): Promise<string | undefined> {
  const stats = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stats?.slice(stats.lastIndexOf(')') + 2).split(' ')[19];
}
