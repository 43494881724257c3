import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, type CommandOutput, runCommand, withSystemPath } from './command.ts';
import { labDirectory } from './lab-record.ts';
import { type HostName, namespaceName } from './plan.ts';

/** A host of the lab: a place where programs run and see that host's network only. */
export type LabHost = {
  readonly name: HostName;
  /** The name of its network namespace, as `ip netns` knows it. */
  readonly namespace: string;
  /** Runs a program on this host to its end. @throws CommandError when it fails. */
  run(command: string, args?: readonly string[], options?: CommandOptions): Promise<CommandOutput>;
  /**
   * Starts a program on this host, leader of a process group of its own; it dies with the lab at the latest. The
   * child's pid is the program's.
   */
  spawn(command: string, args?: readonly string[], options?: SpawnOptions): ChildProcess;
};

// LXC and others learn of devices from /sys/class/net, which shows the network namespace that mounted it; so a host has
// a /sys of its own. The cgroup hierarchies below the old one are carried over, since guests need them: this is where
// `ip netns exec` falls short. What the machine mounts later still arrives, what the host mounts stays with the host.
const SET_UP = `mount --rbind /sys/fs/cgroup "$0" && mount -t sysfs sysfs /sys && mount --rbind "$0" /sys/fs/cgroup &&
umount --recursive --lazy "$0" && rmdir "$0" && echo ready && exec sleep infinity`;

/**
 * Brings up the host `name` of lab `id`, whose network namespace must exist: a sleeping process that holds the host's
 * mount namespace and dies with the lab.
 *
 * @throws Error when the mounts are refused.
 */
export async function startLabHost(id: string, name: HostName): Promise<LabHost> {
  const namespace = namespaceName(id, name);
  const parking = join(labDirectory(id), `cgroup-${name}`);
  await mkdir(parking);
  const args = [`--net=/run/netns/${namespace}`, 'unshare', '--mount', '--propagation', 'slave', 'sh', '-c', SET_UP];
  const holder = spawn('nsenter', [...args, parking], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withSystemPath(process.env),
    cwd: '/',
  });
  const ended = once(holder, 'exit').then(([code]) => `exit ${code}`);
  const state = await Promise.race([once(holder.stdout, 'data').then(() => 'ready'), ended]);
  if (state !== 'ready' || holder.pid === undefined) throw new Error(`host ${namespace} did not come up: ${state}`);
  holder.unref();
  holder.stdout.destroy();
  return hostOf(name, namespace, holder.pid);
}

function hostOf(name: HostName, namespace: string, holder: number): LabHost {
  // Changing the mount namespace loses the working directory. All of these become the program by exec.
  const inside = (cwd: string, command: string, args: readonly string[]) => [
    ...['--target', String(holder), '--net', '--mount', '--', 'sh', '-c', 'cd "$0" && exec "$@"'],
    ...[cwd, command, ...args],
  ];
  return {
    name,
    namespace,
    run: (command, args = [], options = {}) =>
      runCommand('nsenter', inside(options.cwd ?? process.cwd(), command, args), options),
    spawn: (command, args = [], options = {}) =>
      spawn('nsenter', inside(String(options.cwd ?? process.cwd()), command, args), {
        ...options,
        env: withSystemPath(options.env ?? process.env),
        detached: true,
      }),
  };
}
