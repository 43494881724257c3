/** Our programs as a handful of files each, with everything they import, so that a host needs no node_modules. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import type { Architecture } from './deb.ts';
import { type Cpu, cpuOf, libraryDirectory } from './machine-code.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

/** A CommonJS library inside a module of ours asks for Node's own modules by `require`. */
const BANNER = "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);";

// A module that imports "node:http" has Node look at all it exports, WebSocket among them, for which it loads three
// megabytes that we never use. What is required is not looked at.
const REQUIRED_HTTP: Plugin = {
  name: 'required-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'required' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'required' }, () => ({ contents: "module.exports = require('node:http');" }));
  },
};

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

/** Writes a program to a directory. @returns the directories of all libraries that are in it, in order */
export async function bundle(program: Program, directory: string, arch: Architecture): Promise<string[]> {
  const { metafile } = await build({
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
    legalComments: 'none',
    plugins: [REQUIRED_HTTP],
    metafile: true,
    absWorkingDir: REPOSITORY,
    logLevel: 'warning',
  });
  for (const [name, at] of Object.entries(program.beside)) {
    await cp(join(REPOSITORY, at), join(directory, name), { recursive: true });
  }
  const native = (await Promise.all(program.native.map((name) => takeNative(name, directory, arch)))).flat();
  const whole = [...(await withDependencies(program.whole))];
  for (const name of whole) await take(name, directory);
  return [...new Set([...librariesOf(metafile), ...native, ...whole.map(installed)])].sort();
}

const installed = (name: string): string => join(REPOSITORY, 'node_modules', name);

/** The libraries whose code esbuild has put in. */
function librariesOf(metafile: Metafile): string[] {
  const within = Object.keys(metafile.inputs).map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return within.filter((path) => path !== undefined).map((path) => join(REPOSITORY, path));
}

/** Libraries that others name for a command line of their own and for their types, which are not taken. */
const NOT_NEEDED = new Set(['yargs', '@types/node']);

/** Names of libraries with everything they depend on. */
async function withDependencies(names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || NOT_NEEDED.has(name)) continue;
    found.add(name);
    const manifest = JSON.parse(await readFile(join(installed(name), 'package.json'), 'utf8'));
    waiting.push(...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {}));
  }
  return found;
}

async function take(path: string, directory: string, from = installed(path)): Promise<void> {
  const to = join(directory, 'node_modules', path);
  await mkdir(join(to, '..'), { recursive: true });
  await cp(from, to, { recursive: true, filter: (each) => !NOT_RUN.test(each) });
}

/** Sources, declarations, maps, commands and notes, which our programs never read; licences are in the copyright file. */
const NOT_RUN = /\.([cm]?ts|map|md)$|\/\.[^/]+$|\/build\/bin$|\/(LICEN[CS]E|README|CHANGELOG)[^/]*$/i;

/** What a library with machine code needs at run time: some of its own files, and a library for the kind of machine. */
const NATIVE: Record<string, (cpu: Cpu) => { files: string[]; library?: string }> = {
  'better-sqlite3': (cpu) => ({ files: ['package.json', 'lib', `prebuilds/linux-${cpu}.node`] }),
  '@node-rs/argon2': (cpu) => ({ files: ['package.json', 'index.js'], library: `@node-rs/argon2-linux-${cpu}-gnu` }),
};

/** @returns the directories of the libraries taken */
async function takeNative(name: string, directory: string, arch: Architecture): Promise<string[]> {
  const { files, library } = NATIVE[name]?.(cpuOf(arch)) ?? { files: [''] };
  for (const file of files) await take(join(name, file), directory);
  if (library === undefined) return [installed(name)];
  const from = await libraryDirectory(library);
  await take(library, directory, from);
  return [installed(name), from];
}
