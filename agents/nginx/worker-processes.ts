import { readFile } from 'node:fs/promises';
import { unlessMissing } from '../shared/durable-files.ts';

/** A worker of the running nginx. */
export type WorkerProcess = {
  readonly pid: number;
  /** It serves an earlier configuration, accepts no more and ends with its last connection. */
  readonly old: boolean;
};

/** The workers of a master process, oldest first; none when it is gone. */
export async function workersOf(masterPid: number): Promise<WorkerProcess[]> {
  const children = await textOf(`/proc/${masterPid}/task/${masterPid}/children`);
  const pids = children.split(' ').filter(Boolean).map(Number);
  const titles = await Promise.all(pids.map((pid) => textOf(`/proc/${pid}/cmdline`)));
  return pids.flatMap((pid, index) => {
    const title = titles[index] ?? '';
    return title.startsWith('nginx: worker process') ? [{ pid, old: title.includes('shutting down') }] : [];
  });
}

/** Whether a process is an nginx master. */
export async function isMaster(pid: number): Promise<boolean> {
  return (await textOf(`/proc/${pid}/cmdline`)).startsWith('nginx: master process');
}

// A process may end between two looks: its entry is then missing (ENOENT) or can no longer be read (ESRCH).
async function textOf(path: string): Promise<string> {
  const text = await unlessMissing(readFile(path, 'utf8')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ESRCH') return undefined;
    throw error;
  });
  return text ?? '';
}
