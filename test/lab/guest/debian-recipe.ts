import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../net/command.ts';
import { debootstrap, forgetIdentity, MASKED_UNITS, removeDownloads } from './debootstrap.ts';
import type { Recipe } from './recipe.ts';

const SUITE = 'bookworm';
const PACKAGES = [
  'systemd-sysv',
  'dbus',
  'openssh-server',
  'isc-dhcp-client',
  'iproute2',
  'ca-certificates',
  'busybox',
  // Both ways to log in against a directory, neither set up: what a template prepared for Berth has, and the choice.
  ...['curl', 'sudo', 'sssd-ldap', 'libnss-sss', 'libpam-sss', 'libsss-sudo', 'cracklib-runtime'],
  ...['nslcd', 'libnss-ldapd', 'libpam-ldapd', 'ldap-utils'],
];
const ENABLED = [
  ...['guest-network.service', 'guest-page.service', 'ssh-host-keys.service', 'ssh.service'],
  'berth-first-boot.service',
];
/** Starts when it is installed, with nobody to ask. */
const DISABLED = ['nslcd.service'];
/** Debian 12 with systemd and sshd, as a Proxmox template has it; fetched once, about a minute. */
export const debianRecipe: Recipe = {
  tree: join(import.meta.dirname, 'debian-12-root'),
  fingerprint: async () => JSON.stringify([SUITE, PACKAGES, ENABLED, DISABLED, MASKED_UNITS]),
  async build(root, onProgress) {
    onProgress(`fetching Debian 12 (about 100 MB, ${PACKAGES.length} packages and what they need)`);
    await debootstrap(SUITE, root, PACKAGES, onProgress);
  },
  async finish(root, onProgress) {
    onProgress('setting up services');
    await runCommand('chroot', [root, 'systemctl', 'enable', ...ENABLED]);
    await runCommand('chroot', [root, 'systemctl', 'disable', ...DISABLED]);
    await runCommand('chroot', [root, 'systemctl', 'mask', ...MASKED_UNITS]);
    await forgetHostKeys(root);
    await forgetIdentity(root);
    await removeDownloads(root);
  },
};

/** Guests make keys of their own at their first boot. */
async function forgetHostKeys(root: string): Promise<void> {
  const keys = (await readdir(join(root, 'etc/ssh'))).filter((name) => name.startsWith('ssh_host_'));
  for (const key of keys) await rm(join(root, 'etc/ssh', key));
}
