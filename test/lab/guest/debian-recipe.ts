import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runCommand, withSystemPath } from '../net/command.ts';
import type { OnProgress, Recipe } from './recipe.ts';

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
/** What cannot work in a container, or does nothing for a guest that lives for minutes. */
const MASKED = [
  'systemd-journald-audit.socket',
  'systemd-udevd.service',
  'systemd-networkd-wait-online.service',
  'systemd-remount-fs.service',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'sys-fs-fuse-connections.mount',
  'console-getty.service',
  'getty@tty1.service',
  'getty-static.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'motd-news.timer',
];

/** Debian 12 with systemd and sshd, as a Proxmox template has it; fetched once, about a minute. */
export const debianRecipe: Recipe = {
  tree: join(import.meta.dirname, 'debian-12-root'),
  fingerprint: async () => JSON.stringify([SUITE, PACKAGES, ENABLED, DISABLED, MASKED]),
  async build(root, onProgress) {
    onProgress(`fetching Debian 12 (about 100 MB, ${PACKAGES.length} packages and what they need)`);
    // No mirror given: debootstrap's own default, or the one in BERTH_DEBIAN_MIRROR.
    const mirror = process.env.BERTH_DEBIAN_MIRROR ? [process.env.BERTH_DEBIAN_MIRROR] : [];
    const args = ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, root, ...mirror];
    await runWithProgress('debootstrap', args, onProgress);
  },
  async finish(root, onProgress) {
    onProgress('setting up services');
    await runCommand('chroot', [root, 'systemctl', 'enable', ...ENABLED]);
    await runCommand('chroot', [root, 'systemctl', 'disable', ...DISABLED]);
    await runCommand('chroot', [root, 'systemctl', 'mask', ...MASKED]);
    await forgetIdentity(root);
    await removeDownloads(root);
  },
};

/** What must differ between guests of one root: they make it at their first boot or get it from their overlay. */
async function forgetIdentity(root: string): Promise<void> {
  const keys = (await readdir(join(root, 'etc/ssh'))).filter((name) => name.startsWith('ssh_host_'));
  for (const key of keys) await rm(join(root, 'etc/ssh', key));
  await rm(join(root, 'etc/hostname'), { force: true });
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  await writeFile(join(root, 'etc/resolv.conf'), '');
  await writeFile(join(root, 'etc/machine-id'), '');
}

async function removeDownloads(root: string): Promise<void> {
  for (const path of ['var/cache/apt/archives', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man']) {
    for (const name of await readdir(join(root, path))) await rm(join(root, path, name), { recursive: true });
  }
}

async function runWithProgress(command: string, args: readonly string[], onProgress: OnProgress): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withSystemPath({ ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }),
  });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      onProgress(line.replace(/^[A-Z]: /, ''));
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${last.join('\n')}`);
}
