import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from '@berth/proto/api/v1/containers_pb.js';
import type { Lab } from '../../lab/lab.ts';
import type { CommandOptions, CommandOutput } from '../../lab/net/command.ts';
import { LAB_PLAN } from '../../lab/net/plan.ts';

/** How somebody proves who he is to sshd. */
export type Proof = { password: string } | { keyFile: string };

/** One container from inside and from outside. */
export interface Guest {
  readonly container: Container;
  /** Runs a program inside, as root. @throws CommandError when it fails */
  run(command: string, args?: readonly string[], options?: CommandOptions): Promise<CommandOutput>;
  /** Logs in over SSH from outside the site and runs a line. @throws CommandError when it fails */
  ssh(username: string, proof: Proof, line: string, options?: CommandOptions): Promise<CommandOutput>;
}

const SSH = [
  ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null'],
  ...['LogLevel=INFO', 'ConnectTimeout=5', 'NumberOfPasswordPrompts=1', 'IdentitiesOnly=yes'],
].flatMap((option) => ['-o', option]);

/** A container of a lab whose port 22 is served outside. */
export async function guestOf(lab: Lab, container: Container): Promise<Guest> {
  const node = await nodeOf(lab, container.vmid);
  const lxcPath = join(lab.network.directory, 'pve-host', 'lxc', node);
  const inside = ['-P', lxcPath, '-n', String(container.vmid), '--clear-env', '--'];
  const port = sshPortOf(container);
  return {
    container,
    run: (command, args = [], options = {}) =>
      lab.network.hosts.pve.run('lxc-attach', [...inside, command, ...args], options),
    ssh(username, proof, line, options = {}) {
      const target = [...SSH, '-p', String(port), `${username}@${LAB_PLAN.web.wan.address}`, line];
      if ('keyFile' in proof) {
        const args = ['-o', 'BatchMode=yes', '-i', proof.keyFile, ...target];
        return lab.network.hosts.client.run('ssh', args, options);
      }
      const only = ['-o', 'PreferredAuthentications=password', '-o', 'PubkeyAuthentication=no'];
      const env = { ...process.env, SSHPASS: proof.password };
      return lab.network.hosts.client.run('sshpass', ['-e', 'ssh', ...only, ...target], { ...options, env });
    },
  };
}

function sshPortOf(container: Container): number {
  const service = container.services.find(({ internalPort }) => internalPort === 22);
  if (service?.exposure.case !== 'tcp') throw new Error(`${container.hostname} serves no SSH outside`);
  return service.exposure.value.externalPort;
}

async function nodeOf(lab: Lab, vmid: number): Promise<string> {
  const base = join(lab.network.directory, 'pve-host', 'lxc');
  for (const node of await readdir(base)) if ((await readdir(join(base, node))).includes(String(vmid))) return node;
  throw new Error(`no node has guest ${vmid}`);
}
