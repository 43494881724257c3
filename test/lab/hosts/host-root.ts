/**
 * Roots of whole hosts: Debian 12 and Debian 13 with systemd, and nginx and dnsmasq as an administrator has them from
 * Debian, disabled until a test wants them. A host is an overlay over one of them, as a guest is.
 */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type CachedRootOptions, ensureRoot } from '../guest/cached-root.ts';
import { debootstrap, forgetIdentity, MASKED_UNITS, removeDownloads } from '../guest/debootstrap.ts';
import type { Recipe } from '../guest/recipe.ts';
import { runCommand } from '../net/command.ts';

/** What a host runs. */
export type HostSystem = 'debian-12' | 'debian-13';

const SUITES: Record<HostSystem, string> = { 'debian-12': 'bookworm', 'debian-13': 'trixie' };
const PACKAGES = [
  ...['systemd-sysv', 'dbus', 'iproute2', 'procps', 'curl'],
  ...['nginx-light', 'libnginx-mod-stream', 'dnsmasq'],
];
const DISABLED = ['nginx.service', 'dnsmasq.service'];
const MASKED = [...MASKED_UNITS, 'systemd-modules-load.service', 'e2scrub_reap.service'];

/** The directory of a host's root, built first if it is not cached: about a minute and 60 MB. */
export function ensureHostRoot(system: HostSystem, options: CachedRootOptions = {}): Promise<string> {
  return ensureRoot(`host-${system}`, recipe(SUITES[system]), options);
}

function recipe(suite: string): Recipe {
  return {
    fingerprint: async () => JSON.stringify([suite, PACKAGES, DISABLED, MASKED]),
    async build(root, onProgress) {
      onProgress(`fetching a host's Debian (${suite})`);
      await debootstrap(suite, root, PACKAGES, onProgress);
    },
    async finish(root) {
      await runCommand('chroot', [root, 'systemctl', 'disable', ...DISABLED]);
      for (const unit of MASKED) await symlink('/dev/null', join(root, 'etc/systemd/system', unit));
      await forgetIdentity(root);
      await removeDownloads(root);
    },
  };
}
