import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../support/wait-for.ts';
import type { CommandOptions, CommandOutput } from '../net/command.ts';
import type { LabNetwork } from '../net/lab-network.ts';
import { ensureHostRoot, type HostSystem } from './host-root.ts';

/** A host's place on one of the bridges of the lab. */
export interface HostLink {
  bridge: string;
  device: string;
  /** Addresses with their prefix lengths, e.g. "10.65.0.11/24". */
  addresses: readonly string[];
  gateway?: string;
}

export interface RealHostOptions {
  network: LabNetwork;
  system: HostSystem;
  /** Unlike any other host's of the lab; 1 to 12 of a–z, 0–9. */
  name: string;
  links: readonly HostLink[];
  /** Directory of this machine that the host sees, read-only, as {@link SHARED}. */
  shared: string;
}

/** Where a host sees the directory that is shared with it. */
export const SHARED = '/srv/shared';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const HALT_S = '30';

/**
 * A machine with its own systemd, as an administrator has it: an LXC system container whose disk is an overlay that
 * outlives its boots. It stands in the network of a lab and goes with that.
 */
export class RealHost {
  readonly name: string;
  readonly system: HostSystem;
  readonly #network: LabNetwork;
  readonly #lxc: readonly string[];
  readonly #directory: string;
  #monitor: ChildProcess | undefined;

  private constructor({ network, name, system }: RealHostOptions) {
    this.name = name;
    this.system = system;
    this.#network = network;
    const containers = join(network.directory, 'hosts');
    // cgroups carry the name of a container, and other labs may run.
    const id = `${network.id}${name}`;
    this.#directory = join(containers, id);
    this.#lxc = ['-P', containers, '-n', id];
  }

  /** Makes a host and boots it. @throws Error when its root cannot be built or it does not come up */
  static async boot(options: RealHostOptions): Promise<RealHost> {
    const root = await ensureHostRoot(options.system);
    const host = new RealHost(options);
    await mkdir(join(host.#directory, 'upper'), { recursive: true });
    await writeFile(join(host.#directory, 'config'), lxcConfig(options, root, join(host.#directory, 'upper')));
    await host.start();
    return host;
  }

  /** Boots it and waits until systemd has started all that it should. @throws Error naming units that failed */
  async start(): Promise<void> {
    const log = join(this.#directory, 'log');
    const args = [...this.#lxc, '-F', '-l', 'ERROR', '-o', log];
    const monitor = this.#network.hosts.pve.spawn('lxc-start', args, { stdio: 'ignore' });
    this.#monitor = monitor;
    await waitFor(
      async () => {
        if (monitor.exitCode !== null) throw new Error(`${this.name} did not boot: ${await readFile(log, 'utf8')}`);
        return this.run('systemctl', ['is-system-running', '--wait']);
      },
      { what: `${this.name} to be up`, timeoutMs: 60_000 },
    ).catch(async (error) => {
      const failed = await this.run('systemctl', ['list-units', '--failed', '--no-legend']).catch(() => undefined);
      throw new Error(`${this.name}: ${failed?.stdout ?? 'no answer'}`, { cause: error });
    });
  }

  /** Shuts it down as its power button does. */
  async stop(): Promise<void> {
    await this.#network.hosts.pve.run('lxc-stop', [...this.#lxc, '-t', HALT_S], { timeoutMs: 60_000 });
    await waitFor(() => this.#monitor?.exitCode !== null, { what: `${this.name} to be down` });
  }

  /** Runs a program as root of the host. @throws CommandError when it fails */
  run(command: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<CommandOutput> {
    const attached = [...this.#lxc, '--clear-env', '--set-var', `PATH=${PATH}`, '--set-var', 'LC_ALL=C.UTF-8'];
    return this.#network.hosts.pve.run('lxc-attach', [...attached, '--', command, ...args], options);
  }

  /** Runs a line of shell. @returns its output without space at its ends @throws CommandError when it fails */
  async shell(line: string, options: CommandOptions = {}): Promise<string> {
    return (await this.run('sh', ['-c', line], options)).stdout.trim();
  }

  /** Writes a file, with the folders it lies in. */
  async write(path: string, content: string): Promise<void> {
    await this.run('sh', ['-c', 'mkdir -p "$(dirname "$0")" && cat >"$0"', path], { input: content });
  }
}

function lxcConfig({ name, system, links, shared }: RealHostOptions, root: string, upper: string): string {
  return [
    `lxc.uts.name = ${name}`,
    `lxc.rootfs.path = overlay:${root}:${upper}`,
    'lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed',
    `lxc.mount.entry = ${shared} ${SHARED.slice(1)} none bind,ro,create=dir 0 0`,
    'lxc.console.path = none',
    'lxc.tty.max = 0',
    'lxc.pty.max = 1024',
    'lxc.apparmor.profile = unconfined',
    'lxc.signal.halt = SIGRTMIN+3',
    ...initOf(system),
    ...links.flatMap(linkConfig),
    '',
  ].join('\n');
}

/** Debian 13's systemd boots on cgroups of version 1 only when it is told twice. */
function initOf(system: HostSystem): string[] {
  const version2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
  if (system !== 'debian-13' || version2) return [];
  return ['lxc.init.cmd = /sbin/init systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1'];
}

function linkConfig({ bridge, device, addresses, gateway }: HostLink, index: number): string[] {
  const net = `lxc.net.${index}`;
  return [
    `${net}.type = veth`,
    `${net}.link = ${bridge}`,
    `${net}.name = ${device}`,
    `${net}.flags = up`,
    `${net}.hwaddr = ${hardwareAddress(addresses[0] ?? '')}`,
    ...addresses.map((address) => `${net}.ipv4.address = ${address}`),
    ...(gateway ? [`${net}.ipv4.gateway = ${gateway}`] : []),
  ];
}

/** The same at each boot, as a card's is, so that neighbours need learn nothing. */
function hardwareAddress(address: string): string {
  const bytes = address.split('/')[0]?.split('.') ?? [];
  return ['02', 'be', ...bytes.map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(':');
}
