/** What of our programs is machine code: the runtime and the libraries that are not JavaScript. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Architecture } from './deb.ts';
import { runProgram } from './run-program.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const FETCHED = join(process.env.BERTH_CACHE || join(REPOSITORY, '.cache'), 'foreign');

const lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

/** What npm calls a machine. */
export type Cpu = 'x64' | 'arm64';

/** What npm calls the machines of a package. */
export const cpuOf = (architecture: Architecture): Cpu => (architecture === 'amd64' ? 'x64' : 'arm64');

/** The package of npm that is the runtime. */
export const runtimeLibrary = (architecture: Architecture): string => `node-linux-${cpuOf(architecture)}`;

/**
 * The directory of a library of npm. One for other machines is not installed here, so it is fetched, in the version
 * and with the content that the lockfile names.
 *
 * @throws Error when npm does not have it, or has something else under its name
 */
export async function libraryDirectory(name: string): Promise<string> {
  const installed = join(REPOSITORY, 'node_modules', name);
  if (existsSync(installed)) return installed;
  const { version, integrity } = await locked(name);
  const target = join(FETCHED, `${name.replace('/', '+')}-${version}`);
  if (!existsSync(target)) await fetchLibrary(`${name}@${version}`, integrity, target);
  return target;
}

async function locked(name: string): Promise<{ version: string; integrity: string }> {
  const { packages } = lockfile.parse(JSON.parse(await readFile(join(REPOSITORY, 'package-lock.json'), 'utf8')));
  const { version, integrity } = packages[`node_modules/${name}`] ?? {};
  if (!version || !integrity) throw new Error(`package-lock.json does not name ${name}`);
  return { version, integrity };
}

async function fetchLibrary(name: string, integrity: string, target: string): Promise<void> {
  await mkdir(FETCHED, { recursive: true });
  const directory = await mkdtemp(join(FETCHED, 'fetch-'));
  try {
    await runProgram('npm', ['pack', '--silent', name], directory);
    const [archive = ''] = await readdir(directory);
    const file = join(directory, archive);
    const sum = createHash('sha512')
      .update(await readFile(file))
      .digest('base64');
    if (integrity !== `sha512-${sum}`) throw new Error(`${name} is not what package-lock.json names`);
    await runProgram('tar', ['--extract', '--no-same-owner', '--file', file, '--directory', directory]);
    await rename(join(directory, 'package'), target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Takes out of every program and library below a directory what only a debugger would read: a tenth of the package. */
export async function stripAll(directory: string, architecture: Architecture): Promise<void> {
  const prefix =
    process.arch === cpuOf(architecture) ? '' : architecture === 'amd64' ? 'x86_64-linux-gnu-' : 'aarch64-linux-gnu-';
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await isMachineCode(path))) await runProgram(`${prefix}strip`, ['--strip-unneeded', path]);
  }
}

async function isMachineCode(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.equals(Buffer.from('\x7fELF', 'latin1'));
  } finally {
    await file.close();
  }
}
