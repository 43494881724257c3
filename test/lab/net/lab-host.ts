import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { type CommandOptions, type CommandOutput, runCommand, withSystemPath } from './command.ts';
import { type HostName, namespaceName } from './plan.ts';

/** A host of the lab: a place where programs run and see that host's network only. */
export type LabHost = {
  readonly name: HostName;
  /** The namespace's name, as `ip netns` knows it. */
  readonly namespace: string;
  /** Runs a program on this host to its end. @throws CommandError when it fails. */
  run(command: string, args?: readonly string[], options?: CommandOptions): Promise<CommandOutput>;
  /** Starts a program on this host, leader of a process group of its own; it dies with the lab at the latest. */
  spawn(command: string, args?: readonly string[], options?: SpawnOptions): ChildProcess;
};

/** The host `name` of lab `id`, whose namespace must exist when something is run there. */
export function labHost(id: string, name: HostName): LabHost {
  const namespace = namespaceName(id, name);
  // Not `ip netns exec`: that mounts a fresh /sys over the cgroup hierarchies, which the guests' LXC needs. nsenter
  // becomes the program by exec, so the child's pid is the program's own.
  const enter = [`--net=/run/netns/${namespace}`, '--'];
  return {
    name,
    namespace,
    run: (command, args = [], options) => runCommand('nsenter', [...enter, command, ...args], options),
    spawn: (command, args = [], options = {}) =>
      spawn('nsenter', [...enter, command, ...args], {
        ...options,
        env: withSystemPath(options.env ?? process.env),
        detached: true,
      }),
  };
}
