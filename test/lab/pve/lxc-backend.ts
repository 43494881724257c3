import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import type { GuestBackend, GuestInterface, GuestSpec, GuestStatus, LogLine } from './backend.ts';
import { type CgroupVersion, printLxcConfig } from './lxc-config-file.ts';

// Guests that are real LXC containers. A guest is a directory below one private lxcpath: its liblxc configuration and
// its upper layer over the template's root, which liblxc mounts inside the guest's own mount namespace, so nothing has
// to be unmounted. Its veth goes to the bridge of the network namespace this process runs in. The directory is all
// there is to know: a simulator that was killed finds its guests, running or not, where it left them.

const run = promisify(execFile);

export interface LxcBackendOptions {
  /** Absolute directory for this node's guests; made when it is not there. */
  lxcPath: string;
  /** Directory of the root file system of each template, by volume id. */
  templates: Readonly<Record<string, string>>;
}

interface IpAddress {
  family: string;
  local: string;
  prefixlen: number;
}
interface IpLink {
  ifname: string;
  address: string;
  addr_info: IpAddress[];
}

/** The containers of one node, by liblxc's own programs. Needs root. */
export class LxcBackend implements GuestBackend {
  readonly #path: string;
  readonly #templates: Readonly<Record<string, string>>;

  constructor(options: LxcBackendOptions) {
    // A relative lxcpath would name other containers than the ones meant.
    if (!isAbsolute(options.lxcPath)) throw new Error(`lxcPath must be absolute: ${options.lxcPath}`);
    this.#path = options.lxcPath;
    this.#templates = options.templates;
  }

  async create(spec: GuestSpec, log: LogLine): Promise<void> {
    const etc = join(this.#upper(spec.vmid), 'etc');
    await mkdir(etc, { recursive: true });
    const short = spec.hostname.split('.')[0] ?? '';
    await writeFile(join(etc, 'hostname'), `${spec.hostname}\n`);
    await writeFile(join(etc, 'hosts'), `127.0.0.1 localhost\n127.0.1.1 ${spec.hostname} ${short}\n`);
    await this.#configure(spec);
    log('Detected container architecture: amd64');
  }

  async start(spec: GuestSpec): Promise<void> {
    await this.#configure(spec);
    const log = join(this.#own(spec.vmid), 'start.log');
    await rm(log, { force: true });
    const code = await this.#lxc('lxc-start', spec.vmid, ['-d', '-o', log, '-l', 'WARN']);
    if (code !== 0) throw new Error(await this.#reason(log));
    await writeFile(join(this.#own(spec.vmid), 'started'), '');
  }

  async shutdown(vmid: number, timeoutMs: number): Promise<boolean> {
    await this.#lxc('lxc-stop', vmid, ['--nokill', '-t', String(Math.max(1, Math.ceil(timeoutMs / 1000)))]);
    return !(await this.status(vmid)).running;
  }

  async stop(vmid: number): Promise<void> {
    if (!(await this.status(vmid)).running) return;
    await this.#lxc('lxc-stop', vmid, ['-k']);
    if ((await this.status(vmid)).running) throw new Error(`container ${vmid} did not stop`);
  }

  async destroy(vmid: number): Promise<void> {
    await this.stop(vmid);
    await rm(this.#own(vmid), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  async status(vmid: number): Promise<GuestStatus> {
    if (!existsSync(join(this.#own(vmid), 'config'))) return { running: false };
    const { stdout } = await run('lxc-info', ['-P', this.#path, '-n', String(vmid), '-s', '-p']);
    const pid = /^PID:\s+(\d+)$/m.exec(stdout)?.[1];
    if (!/^State:\s+RUNNING$/m.test(stdout) || pid === undefined) return { running: false };
    return { running: true, pid: Number(pid), startedAt: await this.#startedAt(vmid) };
  }

  async interfaces(vmid: number): Promise<GuestInterface[] | undefined> {
    const { running, pid } = await this.status(vmid);
    if (!running || pid === undefined) return undefined;
    const { stdout } = await run('nsenter', ['-t', String(pid), '-n', 'ip', '-j', 'addr']);
    return (JSON.parse(stdout) as IpLink[]).map(describeLink);
  }

  // Containers outlive their simulator by themselves; after a reboot of the machine they are simply stopped.
  async recover(): Promise<void> {
    await mkdir(this.#path, { recursive: true });
  }

  async close({ destroy }: { destroy: boolean }): Promise<void> {
    if (!destroy) return;
    const names = existsSync(this.#path) ? await readdir(this.#path) : [];
    const mine = names.filter((name) => /^\d+$/.test(name));
    await Promise.all(mine.map((name) => this.destroy(Number(name))));
  }

  #own(vmid: number): string {
    return join(this.#path, String(vmid));
  }

  #upper(vmid: number): string {
    return join(this.#own(vmid), 'upper');
  }

  async #configure(spec: GuestSpec): Promise<void> {
    const lower = this.#templates[spec.template];
    if (lower === undefined) throw new Error(`volume '${spec.template}' does not exist`);
    const config = printLxcConfig(spec, { lower, upper: this.#upper(spec.vmid) }, cgroupVersion());
    await writeFile(join(this.#own(spec.vmid), 'config'), config);
  }

  // The guest's monitor inherits what its starter holds open, so nothing is: its words are in the log file.
  async #lxc(program: string, vmid: number, args: readonly string[]): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const child = spawn(program, ['-P', this.#path, '-n', String(vmid), ...args], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
    return promise;
  }

  async #reason(log: string): Promise<string> {
    const text = existsSync(log) ? await readFile(log, 'utf8') : '';
    const last = text
      .split('\n')
      .filter((line) => line.includes(' ERROR '))
      .at(0);
    return `startup for container failed${last === undefined ? '' : `: ${last.replace(/^.* ERROR\s+/, '')}`}`;
  }

  async #startedAt(vmid: number): Promise<number> {
    const file = join(this.#own(vmid), 'started');
    return existsSync(file) ? (await stat(file)).mtimeMs : Date.now();
  }
}

function cgroupVersion(): CgroupVersion {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 2;
  return existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes') ? 1 : 'none';
}

function describeLink(link: IpLink): GuestInterface {
  const addresses = link.addr_info.map(({ family, local, prefixlen }) => {
    return { family: family === 'inet6' ? ('inet6' as const) : ('inet' as const), address: local, prefix: prefixlen };
  });
  return { name: link.ifname.split('@')[0] ?? '', hwaddr: link.address, addresses };
}
