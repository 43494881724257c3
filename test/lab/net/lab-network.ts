import { readFile, rm } from 'node:fs/promises';
import { type CommandOptions, runCommand } from './command.ts';
import { type LabHost, startLabHost } from './lab-host.ts';
import { killLabProcesses } from './lab-processes.ts';
import { abandonedLabs, labDirectory, recordLab } from './lab-record.ts';
import { GUEST_LAN, HOST_NAMES, type HostName, LAB_PLAN, namespaceName } from './plan.ts';

/**
 * The network of one lab: a whole site's hosts as network namespaces of this machine.
 *
 * Nothing is made in the machine's own namespace: the bridges stand in the Proxmox host's, and every cable is made
 * there with its other end in the namespace it leads to. So labs need no unique addresses or device names, run side by
 * side, and vanish with their namespaces. A lab is recorded with its owner's pid before anything else exists and struck
 * off after everything is gone; whoever makes the next lab first sweeps those whose owner was killed. Teardown trusts
 * no book-keeping of children: it kills what the kernel says is in the lab's namespaces.
 */
export type LabNetwork = {
  readonly id: string;
  readonly hosts: Readonly<Record<HostName, LabHost>>;
  /** A directory for the lab's files and mounts, unmounted and removed by `destroy`. */
  readonly directory: string;
  /** Kills all that runs in the lab and removes it. Idempotent. */
  destroy(): Promise<void>;
};

/**
 * Makes the network of a lab, after sweeping abandoned labs. Needs root.
 *
 * @param options.id 1 to 12 of a–z, 0–9, unique on this machine.
 * @throws Error when the id is taken or malformed, CommandError when the kernel refuses something.
 */
export async function createLabNetwork(options: { readonly id: string }): Promise<LabNetwork> {
  const { id } = options;
  if (!/^[a-z0-9]{1,12}$/.test(id)) throw new Error(`not a lab id: ${JSON.stringify(id)}`);
  await destroyAllLabs();
  await recordLab(id);
  try {
    for (const host of HOST_NAMES) await ip(['netns', 'add', namespaceName(id, host)]);
    for (const host of HOST_NAMES) await ip(['-n', namespaceName(id, host), '-batch', '-'], batch(id, host));
    const hosts = await startHosts(id);
    await hosts.dns.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    return { id, hosts, directory: labDirectory(id), destroy: () => destroyLab(id) };
  } catch (error) {
    await destroyLab(id);
    throw error;
  }
}

async function startHosts(id: string): Promise<LabNetwork['hosts']> {
  const start = (name: HostName) => startLabHost(id, name);
  const [cp, pve, dns, web, client] = await Promise.all([
    start('cp'),
    start('pve'),
    start('dns'),
    start('web'),
    start('client'),
  ]);
  await Promise.all([cp, pve, web, client].map((host) => host.run('sysctl', ['-qw', 'net.ipv4.ip_forward=0'])));
  return { cp, pve, dns, web, client };
}

/** Destroys every lab whose owner process has died; labs in use are left alone. */
export async function destroyAllLabs(): Promise<void> {
  for (const id of await abandonedLabs()) await destroyLab(id);
}

async function destroyLab(id: string): Promise<void> {
  const names = HOST_NAMES.map((host) => namespaceName(id, host));
  const directory = labDirectory(id);
  await killLabProcesses({ namespaces: names.map((name) => `/run/netns/${name}`), directory });
  await unmountBelow(directory);
  const existing = new Set((await ip(['netns', 'list'])).split('\n').map((line) => line.split(' ')[0]));
  for (const name of names) if (existing.has(name)) await deleteNamespace(name);
  await rm(directory, { recursive: true, force: true });
}

/** Two sweepers may meet here; what counts is that the namespace is gone. */
async function deleteNamespace(name: string): Promise<void> {
  try {
    await ip(['netns', 'delete', name]);
  } catch (error) {
    if ((await ip(['netns', 'list'])).includes(name)) throw error;
  }
}

async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4] ?? '');
  const ours = mounts.filter((path) => path.startsWith(`${directory}/`));
  for (const path of ours.reverse()) await runCommand('umount', ['--lazy', path]);
}

async function ip(args: readonly string[], input?: string): Promise<string> {
  const options: CommandOptions = input === undefined ? {} : { input };
  return (await runCommand('ip', args, options)).stdout;
}

/** The commands that make one host's devices; the Proxmox host comes first and makes all cables to its bridges. */
function batch(id: string, host: HostName): string {
  const lines = host === 'pve' ? bridges(id) : host === 'web' ? [cable(id, 'wan0', 'client', 'wan0')] : [];
  lines.push('link set lo up');
  for (const { device, address, prefix } of Object.values(LAB_PLAN[host])) {
    lines.push(`address add ${address}/${prefix} broadcast + dev ${device}`, `link set ${device} up`);
  }
  // The control plane answers the guests' directory queries, so it needs the way back to them.
  if (host === 'cp') lines.push(`route add ${GUEST_LAN} via ${LAB_PLAN.dns.mgmt.address}`);
  return `${lines.join('\n')}\n`;
}

function bridges(id: string): string[] {
  const lines = ['vmbr0', 'mgmt0'].map((name) => `link add ${name} type bridge forward_delay 0 mcast_snooping 0`);
  const plug = (bridge: string, host: HostName, device: string) => {
    const port = `${device.slice(0, -1)}-${host}`;
    lines.push(cable(id, port, host, device), `link set ${port} master ${bridge} up`);
  };
  for (const host of ['dns', 'web'] as const) plug('vmbr0', host, 'lan0');
  for (const host of ['cp', 'dns', 'web'] as const) plug('mgmt0', host, 'mgmt0');
  return lines;
}

function cable(id: string, device: string, host: HostName, peer: string): string {
  return `link add ${device} type veth peer name ${peer} netns ${namespaceName(id, host)}`;
}
