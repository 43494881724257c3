/** A directory as a Debian package that is the same, byte for byte, whenever and wherever it is built. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeAr } from './ar.ts';
import { startProgram } from './run-program.ts';

/** What stands in a package's control file (deb-control(5)). */
export interface Control {
  package: string;
  version: string;
  architecture: Architecture;
  depends: string[];
  recommends?: string[];
  summary: string;
  /** Lines of the long description. */
  description: string[];
}

/** Debian's names of the machines that packages are built for. */
export type Architecture = 'amd64' | 'arm64';

/** `best` is what is handed out and takes minutes; `fast` is twice as large and for tests. */
export type Compression = 'best' | 'fast';

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
  compression: Compression;
}

/** Sizes in bytes: of a package, and of the files in it. */
export interface DebSize {
  size: number;
  installedSize: number;
}

/** Writes the package; its halves lie beside `root` meanwhile. */
export async function writeDeb(made: Package, file: string): Promise<DebSize> {
  const control = `${made.root}.control`;
  const files = await filesIn(made.root);
  const installedSize = await sizeOf(files);
  await writeControl(made, control, files, installedSize);
  await settle(made.root);
  await settle(control);
  const data = await archive(made.root, made);
  const about = await archive(control, made);
  const members = [
    { name: 'debian-binary', content: Buffer.from('2.0\n') },
    { name: `control.tar.${about.kind}`, content: await readFile(about.file) },
    { name: `data.tar.${data.kind}`, content: await readFile(data.file) },
  ];
  await writeAr(file, members, made.epoch);
  return { size: (await stat(file)).size, installedSize };
}

async function writeControl(made: Package, directory: string, files: readonly string[], bytes: number): Promise<void> {
  await mkdir(directory);
  await writeFile(join(directory, 'control'), controlText(made.control, bytes));
  await writeFile(join(directory, 'md5sums'), await sums(made.root, files));
  if (made.conffiles.length > 0) await writeFile(join(directory, 'conffiles'), `${made.conffiles.join('\n')}\n`);
  for (const [name, text] of Object.entries(made.scripts))
    await writeFile(join(directory, name), text, { mode: 0o755 });
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

/** Modes that do not depend on who builds. */
async function settle(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const runs = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0;
    await chmod(path, runs ? 0o755 : 0o644);
  }
  await chmod(root, 0o755);
}

/** A directory as a compressed archive beside it, with nothing in it that depends on who builds when. */
async function archive(
  directory: string,
  { control, compression, epoch }: Pick<Package, 'control' | 'compression' | 'epoch'>,
): Promise<{ file: string; kind: string }> {
  const { kind, program, args } = COMPRESSORS[compression](control.architecture);
  const file = `${directory}.tar.${kind}`;
  const tar = startProgram('tar', [
    ...['--create', '--format=gnu', '--sort=name', '--owner=root:0', '--group=root:0', `--mtime=@${epoch}`],
    ...['--directory', directory, '.'],
  ]);
  const packer = startProgram(program, args);
  await Promise.all([
    pipeline(tar.stdout, packer.stdin),
    pipeline(packer.stdout, createWriteStream(file)),
    tar.ended,
    packer.ended,
  ]);
  return { file, kind };
}

/**
 * One thread each, since threads cut the data up. The filter turns relative jumps into absolute ones, which are alike
 * more often: 3 % less. A larger dictionary would ask hosts for more memory than it saves them on disk.
 */
const COMPRESSORS = {
  best: (architecture: Architecture) => ({
    kind: 'xz',
    program: 'xz',
    args: ['-T1', architecture === 'amd64' ? '--x86' : '--arm64', '--lzma2=preset=9e,dict=64MiB', '-c'],
  }),
  fast: () => ({ kind: 'zst', program: 'zstd', args: ['-q', '-1', '-T1', '-c'] }),
} satisfies Record<Compression, (architecture: Architecture) => { kind: string; program: string; args: string[] }>;
