/** Our programs as a handful of files each, with everything they import, so that a host needs no node_modules. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const REPOSITORY = join(import.meta.dirname, '../..');

/** A CommonJS library inside a module of ours asks for Node's own modules by `require`. */
const BANNER = "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);";

/** One program's sources. */
export interface Program {
  /** Entry points by the name their file gets, relative to the repository. */
  entries: Record<string, string>;
  /** Libraries with machine code, which are taken along as they are. */
  native: string[];
  /** Libraries that read files of their own, which are taken along with all they depend on. */
  whole: string[];
  /** Files and folders that the program reads beside itself, by the name it knows them by. */
  beside: Record<string, string>;
}

/** Writes a program to a directory. */
export async function bundle(program: Program, directory: string, arch: 'amd64' | 'arm64'): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(Object.entries(program.entries).map(([name, at]) => [name, join(REPOSITORY, at)])),
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'part-[hash]',
    banner: { js: BANNER },
    define: { BERTH_BUNDLED: 'true' },
    external: [...program.native, ...program.whole, 'pg-native'],
    legalComments: 'external',
    absWorkingDir: REPOSITORY,
    logLevel: 'warning',
  });
  for (const [name, at] of Object.entries(program.beside)) {
    await cp(join(REPOSITORY, at), join(directory, name), { recursive: true });
  }
  for (const name of program.native) await takeNative(name, directory, arch);
  for (const name of await withDependencies(program.whole)) await take(name, directory);
}

/** Names of libraries with everything they depend on. */
async function withDependencies(names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const manifest = JSON.parse(await readFile(join(REPOSITORY, 'node_modules', name, 'package.json'), 'utf8'));
    waiting.push(...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {}));
  }
  return found;
}

async function take(path: string, directory: string): Promise<void> {
  const to = join(directory, 'node_modules', path);
  await mkdir(join(to, '..'), { recursive: true });
  await cp(join(REPOSITORY, 'node_modules', path), to, { recursive: true });
}

/** What a library with machine code needs at run time, for one kind of machine. */
const NATIVE: Record<string, (cpu: 'x64' | 'arm64') => string[]> = {
  'better-sqlite3': (cpu) => [
    'better-sqlite3/package.json',
    'better-sqlite3/LICENSE',
    'better-sqlite3/lib',
    `better-sqlite3/prebuilds/linux-${cpu}.node`,
  ],
  '@node-rs/argon2': (cpu) => ['@node-rs/argon2', `@node-rs/argon2-linux-${cpu}-gnu`],
};

async function takeNative(name: string, directory: string, arch: 'amd64' | 'arm64'): Promise<void> {
  const files = NATIVE[name]?.(arch === 'amd64' ? 'x64' : 'arm64') ?? [];
  for (const file of files) await take(file, directory);
}
