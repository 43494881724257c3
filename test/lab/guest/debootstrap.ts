import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { withSystemPath } from '../net/command.ts';
import type { OnProgress } from './recipe.ts';

/** Units that cannot work in a container, or do nothing for one that lives for minutes. */
export const MASKED_UNITS: readonly string[] = [
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

/** Makes a Debian in the empty directory `root`. @param suite e.g. "bookworm" @throws Error with its last words */
export async function debootstrap(
  suite: string,
  root: string,
  packages: readonly string[],
  onProgress: OnProgress,
): Promise<void> {
  // No mirror given: debootstrap's own default, or the one in BERTH_DEBIAN_MIRROR.
  const mirror = process.env.BERTH_DEBIAN_MIRROR ? [process.env.BERTH_DEBIAN_MIRROR] : [];
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, ...mirror];
  await runWithProgress('debootstrap', args, onProgress);
}

/** Takes away what must differ between the machines of one root: they make it at their first boot. */
export async function forgetIdentity(root: string): Promise<void> {
  await rm(join(root, 'etc/hostname'), { force: true });
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  await writeFile(join(root, 'etc/resolv.conf'), '');
  await writeFile(join(root, 'etc/machine-id'), '');
}

/** Empties folders that no test reads. */
export async function removeDownloads(root: string): Promise<void> {
  for (const path of ['var/cache/apt/archives', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man']) {
    for (const name of await readdir(join(root, path))) await rm(join(root, path, name), { recursive: true });
  }
}

async function runWithProgress(command: string, args: readonly string[], onProgress: OnProgress): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A root that was not finished is thrown away, so nothing need reach the disk at once.
    env: withSystemPath({ ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', DPKG_FORCE: 'unsafe-io' }),
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
