import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../net/command.ts';
import type { Recipe } from './recipe.ts';

const BUSYBOX = ['/usr/bin/busybox', '/bin/busybox'];
const DIRECTORIES = ['bin', 'dev', 'etc', 'proc', 'root', 'run', 'sbin', 'sys', 'tmp', 'var/www'];

/** A guest of one static program: made in a moment from what is installed, and up in well under a second. */
export const busyboxRecipe: Recipe = {
  tree: join(import.meta.dirname, 'busybox-root'),
  fingerprint: async () =>
    createHash('sha256')
      .update(await readFile(await busybox()))
      .digest('hex'),
  async build(root, onProgress) {
    onProgress('making the busybox guest');
    for (const directory of DIRECTORIES) await mkdir(join(root, directory), { recursive: true });
    await copyFile(await busybox(), join(root, 'bin/busybox'));
    const applets = (await runCommand(await busybox(), ['--list'])).stdout.trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  },
  async finish(root) {
    try {
      await runCommand('chroot', [root, '/bin/busybox', 'true']);
    } catch (cause) {
      throw new Error("busybox is not statically linked; install Debian's busybox-static", { cause });
    }
  },
};

async function busybox(): Promise<string> {
  for (const path of BUSYBOX) {
    const there = await readFile(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  throw new Error("busybox is not there; install Debian's busybox-static");
}
