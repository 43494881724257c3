/** A directory as a Debian package that is the same, byte for byte, whenever and wherever it is built. */
import { createHash } from 'node:crypto';
import { chmod, lutimes, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { runProgram } from './run-program.ts';

/** What stands in a package's control file (deb-control(5)). */
export interface Control {
  package: string;
  version: string;
  architecture: string;
  depends: string[];
  recommends?: string[];
  summary: string;
  /** Lines of the long description. */
  description: string[];
}

/** What a package is made of. */
export interface Package {
  control: Control;
  /** Directory that is the package's root. */
  root: string;
  /** Maintainer scripts by name, e.g. "postinst". */
  scripts: Record<string, string>;
  /** Absolute paths of files that are the administrator's once they are installed. */
  conffiles: string[];
  /** Seconds since the epoch that every file shows. */
  epoch: number;
}

/** Writes the package. @returns its size in bytes */
export async function writeDeb(made: Package, file: string): Promise<number> {
  const files = await filesIn(made.root);
  const control = join(made.root, 'DEBIAN');
  await mkdir(control);
  await writeFile(join(control, 'control'), controlText(made.control, await sizeOf(files)));
  await writeFile(join(control, 'md5sums'), await sums(made.root, files));
  if (made.conffiles.length > 0) await writeFile(join(control, 'conffiles'), `${made.conffiles.join('\n')}\n`);
  for (const [name, text] of Object.entries(made.scripts)) {
    await writeFile(join(control, name), text);
    await chmod(join(control, name), 0o755);
  }
  await settle(made.root, made.epoch);
  await runProgram('dpkg-deb', ['--root-owner-group', '-Zxz', '-z9', '--build', made.root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(made.epoch) },
  });
  return (await stat(file)).size;
}

function controlText(control: Control, bytes: number): string {
  const lines = [
    `Package: ${control.package}`,
    `Version: ${control.version}`,
    `Architecture: ${control.architecture}`,
    'Maintainer: The Berth founders <berth@localhost>',
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    `Depends: ${control.depends.join(', ')}`,
    ...(control.recommends ? [`Recommends: ${control.recommends.join(', ')}`] : []),
    'Section: admin',
    'Priority: optional',
    `Description: ${control.summary}`,
    ...control.description.map((line) => ` ${line || '.'}`),
  ];
  return `${lines.join('\n')}\n`;
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort();
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sums(root: string, files: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const file of files) {
    const sum = createHash('md5')
      .update(await readFile(file))
      .digest('hex');
    lines.push(`${sum}  ${relative(root, file)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Modes and times that do not depend on who builds when. */
async function settle(root: string, epoch: number): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) {
      const runs = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0;
      await chmod(path, runs ? 0o755 : 0o644);
    }
    await lutimes(path, epoch, epoch);
  }
  await chmod(root, 0o755);
  await lutimes(root, epoch, epoch);
}
