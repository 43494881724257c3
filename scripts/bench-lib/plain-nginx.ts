import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { nginxConfigSchema } from '@berth/agents/nginx/config.ts';
import { NginxProcess } from '@berth/agents/nginx/nginx-process.ts';
import { systemClock } from '@berth/proto/contract/clock.ts';

/** Unit of times in /proc: 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Worker processes of each nginx that is compared. */
export const WORKERS = 2;

/** An nginx with a configuration written by hand, as the alternative of a benchmark. */
export class PlainNginx {
  readonly #directory: string;
  readonly #nginx: NginxProcess;

  /** @param directory its own, made when missing */
  constructor(directory: string) {
    this.#directory = directory;
    this.#nginx = new NginxProcess(nginxConfigSchema.parse({ rootDir: directory, manage: true }), systemClock);
  }

  /**
   * Writes, tests and loads a configuration and waits until it alone is served. Returns the milliseconds it took.
   * @param http what stands inside `http { … }`, with what is to be logged: `access_log off` at that level would
   * outweigh any other there
   * @throws Error with nginx's words when it refuses
   */
  async load(id: string, http: string): Promise<number> {
    const current = join(this.#directory, 'current');
    for (const directory of [current, join(this.#directory, 'run'), join(this.#directory, 'tmp')]) {
      await mkdir(directory, { recursive: true });
    }
    const start = performance.now();
    await writeFile(join(current, 'nginx.conf'), this.#frame(id, http));
    const failure =
      (await this.#nginx.test(current)) ?? (await this.#nginx.reload()) ?? (await this.#nginx.takenOver(id, 60_000));
    if (failure) throw new Error(failure.stderr);
    return performance.now() - start;
  }

  /** Process id of its master. */
  async masterPid(): Promise<number> {
    return Number(await readFile(join(this.#directory, 'run', 'nginx.pid'), 'utf8'));
  }

  /** Ends it, if it runs. */
  async stop(): Promise<void> {
    const pid = await this.#nginx.masterPid();
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
  }

  #frame(id: string, http: string): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${this.#directory}/tmp/${name};`)
      .join('\n');
    return `user www-data;
worker_processes ${WORKERS};
pid ${this.#directory}/run/nginx.pid;
error_log ${this.#directory}/run/error.log warn;
events { worker_connections 8192; }
http {
${temporary}
server { listen unix:${this.#directory}/run/status.sock; access_log off; return 200 "${id} $pid"; }
${http}
}
`;
  }
}

/**
 * Memory of an nginx, its master and all its workers, in MB: as resident, and with shared pages counted once. `workers`
 * is how many there are, those of earlier configurations among them as long as they have not ended.
 */
export async function memoryOf(masterPid: number): Promise<{ rss: number; pss: number; workers: number }> {
  const workers = await childrenOf(masterPid);
  const pids = [masterPid, ...workers];
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8')));
  const sum = (field: string) =>
    texts.reduce((total, text) => total + Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0), 0);
  return { rss: sum('Rss') / 1024, pss: sum('Pss') / 1024, workers: workers.length };
}

/** Processor time that the workers of an nginx have used so far, in seconds. */
export async function workerSeconds(masterPid: number): Promise<number> {
  const stats = await Promise.all((await childrenOf(masterPid)).map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
  const ticks = stats.map((text) => {
    // Fields 14 and 15, counted behind the process's name, which may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8')));
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}
