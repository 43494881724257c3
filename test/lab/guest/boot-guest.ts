import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../support/wait-for.ts';
import type { CommandOutput } from '../net/command.ts';
import type { LabNetwork } from '../net/lab-network.ts';
import { LAB_PLAN } from '../net/plan.ts';

/** What {@link bootGuest} starts. */
export type GuestToBoot = {
  readonly root: string;
  readonly name: string;
  readonly mac: string;
  /** The address reserved for it, in the guest LAN. */
  readonly address: string;
};

/** A guest that runs. */
export type BootedGuest = {
  /** Runs a program inside the guest. @throws CommandError when it fails. */
  run(command: string, ...args: readonly string[]): Promise<CommandOutput>;
};

const HTTP_ATTEMPT_S = '2';

/**
 * Boots one guest by LXC on the lab's Proxmox host, with a real dnsmasq on the dnsmasq host that reserves its address:
 * the smallest surroundings in which a guest root can be proven. `network.destroy()` ends all of it.
 */
export async function bootGuest(network: LabNetwork, guest: GuestToBoot): Promise<BootedGuest> {
  await startDnsmasq(network, guest);
  const containers = join(network.directory, 'lxc');
  const own = join(containers, guest.name);
  await mkdir(join(own, 'upper'), { recursive: true });
  await writeFile(join(own, 'config'), lxcConfig(guest, own));
  const args = ['-P', containers, '-n', guest.name];
  const run: BootedGuest['run'] = (command, ...rest) =>
    network.hosts.pve.run('lxc-attach', [...args, '--clear-env', '--', command, ...rest]);
  const log = join(own, 'log');
  const monitor = network.hosts.pve.spawn('lxc-start', [...args, '-F', '-l', 'ERROR', '-o', log], { stdio: 'ignore' });
  const started = async () => monitor.exitCode !== null || (await run('/bin/true').then(() => true));
  await waitFor(started, { what: `${guest.name} to start` });
  if (monitor.exitCode !== null) throw new Error(`${guest.name} did not start: ${await readFile(log, 'utf8')}`);
  return { run };
}

/** Asks a guest for its page, from the nginx host. */
export async function guestPage(network: LabNetwork, address: string): Promise<string> {
  return (await network.hosts.web.run('curl', ['-sf', '-m', HTTP_ATTEMPT_S, `http://${address}/`])).stdout;
}

async function startDnsmasq(network: LabNetwork, guest: GuestToBoot): Promise<void> {
  const leases = join(network.directory, 'leases');
  network.hosts.dns.spawn(
    'dnsmasq',
    [
      ...['--no-daemon', '--conf-file=/dev/null', '--user=root', '--no-resolv', '--no-hosts', '--dhcp-authoritative'],
      ...[`--pid-file=${join(network.directory, 'dnsmasq.pid')}`, `--dhcp-leasefile=${leases}`],
      ...['--dhcp-range=10.64.1.0,static,255.255.252.0', `--dhcp-option=option:router,${LAB_PLAN.dns.lan.address}`],
      ...['--domain=lab.test', `--dhcp-host=${guest.mac},${guest.address}`],
    ],
    { stdio: 'ignore' },
  );
}

function lxcConfig(guest: GuestToBoot, own: string): string {
  return `lxc.uts.name = ${guest.name}
lxc.rootfs.path = overlay:${guest.root}:${join(own, 'upper')}
lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
lxc.console.path = none
lxc.tty.max = 0
lxc.pty.max = 1024
lxc.apparmor.profile = unconfined
lxc.net.0.type = veth
lxc.net.0.link = ${LAB_PLAN.pve.lan.device}
lxc.net.0.name = eth0
lxc.net.0.hwaddr = ${guest.mac}
lxc.net.0.flags = up
`;
}
