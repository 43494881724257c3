import { readdir, readFile, readlink, rmdir, stat } from 'node:fs/promises';
import { waitFor } from '../../support/wait-for.ts';

/** By what the processes of a lab are known. */
export type LabMarks = {
  /** Paths of its namespaces (`/run/netns/…`); those that are gone are passed over. */
  readonly namespaces: readonly string[];
  /** The lab's directory; who has something of it mounted is a guest of the lab. */
  readonly directory: string;
};

type Process = { readonly pid: number; readonly parent: number; readonly netns: string };

/**
 * Kills every process of a lab and waits until they are gone, at most 10 s.
 *
 * A process belongs to the lab when it is in one of its network namespaces, when it descends from such a process (the
 * guests, whose network namespaces are their own), or when it lives on a root below the lab's directory (a guest whose
 * monitor has died). The empty LXC cgroups of killed guests are removed, since their monitors no longer can.
 */
export async function killLabProcesses(marks: LabMarks): Promise<void> {
  const cgroups = new Set<string>();
  await waitFor(
    async () => {
      const pids = await labProcesses(marks);
      for (const pid of pids) for (const path of await lxcCgroups(pid)) cgroups.add(path);
      for (const pid of pids) kill(pid);
      return pids.length === 0;
    },
    { what: 'the processes of the lab to end', intervalMs: 10 },
  );
  // A killed process keeps its group busy until its parent has reaped it.
  for (const path of cgroups) await waitFor(() => removeCgroup(path), { what: `${path} to be free`, timeoutMs: 5_000 });
}

/** Process ids of everything that runs in the lab. */
export async function labProcesses(marks: LabMarks): Promise<number[]> {
  const inodes = new Set(await Promise.all(marks.namespaces.map(namespaceInode)));
  const ownNetns = await readlink('/proc/self/ns/net');
  const all = await processes();
  const found = new Set<number>();
  for (const { pid, netns } of all) {
    if (inodes.has(netns) || (netns !== ownNetns && (await mountsFrom(pid, marks.directory)))) found.add(pid);
  }
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  return [...found];
}

async function namespaceInode(path: string): Promise<string> {
  const file = await stat(path).catch(() => undefined);
  return file ? `net:[${file.ino}]` : 'gone';
}

async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map(readProcess))).filter((found) => found !== undefined);
}

/** Undefined for a process that ended while we looked, and for zombies, which hold nothing. */
async function readProcess(pid: number): Promise<Process | undefined> {
  try {
    const [stats, netns] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readlink(`/proc/${pid}/ns/net`)]);
    const [state, parent] = stats.slice(stats.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { pid, parent: Number(parent), netns };
  } catch {
    return undefined;
  }
}

async function mountsFrom(pid: number, directory: string): Promise<boolean> {
  // Where /run is a file system of its own, paths in mountinfo begin below it.
  const needle = `${directory.replace(/^\/run/, '')}/`;
  const mounts = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
  const rootMount = mounts.split('\n').find((line) => line.split(' ')[4] === '/');
  return rootMount?.includes(needle) ?? false;
}

/** The `lxc.payload.…` and `lxc.monitor.…` groups of a process, as cgroup version 1 and version 2 mount them. */
async function lxcCgroups(pid: number): Promise<string[]> {
  const lines = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return [...lines.matchAll(/^\d+:(?:name=)?([^:]*):(.*?\/lxc\.[^/\n]+)/gm)].flatMap(([, controllers, group]) => [
    `/sys/fs/cgroup/${controllers || 'unified'}${group}`,
    `/sys/fs/cgroup${group}`,
  ]);
}

/** Removes a cgroup and those below it. @returns true once it is gone. @throws Error while a process is in it. */
async function removeCgroup(path: string): Promise<true> {
  const below = await readdir(path, { withFileTypes: true }).catch(ignoreMissing);
  for (const entry of below ?? []) if (entry.isDirectory()) await removeCgroup(`${path}/${entry.name}`);
  await rmdir(path).catch(ignoreMissing);
  return true;
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
