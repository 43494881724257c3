/** Builds both packages. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { bundle } from './bundle.ts';
import { type Architecture, type Compression, writeDeb } from './deb.ts';
import { copyrightText } from './licences.ts';
import { libraryDirectory, runtimeLibrary, stripAll } from './machine-code.ts';
import { bashCompletion, compressed, manualPage } from './manual.ts';
import { RECIPES, type Recipe } from './recipes.ts';
import { runProgram } from './run-program.ts';

const HERE = import.meta.dirname;
const REPOSITORY = join(HERE, '../..');

/** How packages are built. */
export interface BuildOptions {
  architecture: Architecture;
  compression: Compression;
  /** Directory that the packages are written to. */
  out: string;
  /** What is taken for Node; by default the runtime from npm. Tests of all the rest take something small. */
  runtime?: string;
}

/** A package that was built. */
export interface Built {
  name: string;
  file: string;
  /** Bytes of the package, and of the files in it. */
  size: number;
  installedSize: number;
}

/** Builds packages. @returns what was built, in the order of the recipes */
export async function buildPackages(options: BuildOptions): Promise<Built[]> {
  const epoch = await commitTime();
  await mkdir(options.out, { recursive: true });
  const built: Built[] = [];
  for (const recipe of RECIPES) built.push(await build(recipe, options, epoch));
  return built;
}

/** Seconds since the epoch: every file shows the time of the commit that is built. */
async function commitTime(): Promise<number> {
  return Number((await runProgram('git', ['-C', REPOSITORY, 'log', '-1', '--format=%ct'])).trim());
}

async function build(recipe: Recipe, options: BuildOptions, epoch: number): Promise<Built> {
  const { architecture, compression, out } = options;
  const { name, control, conffiles } = recipe;
  const file = join(out, `${name}_${manifest.version}_${architecture}.deb`);
  const directory = await mkdtemp(join(tmpdir(), 'berth-package-'));
  try {
    const root = join(directory, 'root');
    await fill(root, recipe, options, epoch);
    const scripts = await textsOf(name, ['postinst', 'prerm', 'postrm']);
    const about = { package: name, version: manifest.version, architecture, ...control };
    const made = { control: about, root, scripts, conffiles: Object.keys(conffiles), epoch, compression };
    return { name, file, ...(await writeDeb(made, file)) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(
  root: string,
  recipe: Recipe,
  { architecture, ...options }: BuildOptions,
  epoch: number,
): Promise<void> {
  const { name, program, command, conffiles } = recipe;
  const library = join(root, 'usr/lib', name);
  const libraries = await bundle(program, join(library, 'program'), architecture);
  const runtime = await libraryDirectory(runtimeLibrary(architecture));
  await cp(options.runtime ?? join(runtime, 'bin/node'), join(library, 'node'));
  await stripAll(library, architecture);
  await put(root, `usr/lib/${name}/${command.name}`, launcher(recipe), 0o755);
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await symlink(`../lib/${name}/${command.name}`, join(root, 'usr/bin', command.name));
  const at = join(HERE, name);
  for (const unit of (await readdir(at)).filter((each) => /\.(service|path|socket|timer|target)$/.test(each))) {
    await put(root, `usr/lib/systemd/system/${unit}`, await readFile(join(at, unit)));
  }
  await put(root, `usr/lib/sysusers.d/${name}.conf`, await readFile(join(at, `${name}.sysusers`)));
  for (const [path, source] of Object.entries(conffiles)) {
    await put(root, path.slice(1), await readFile(join(at, source)));
  }
  await put(root, `usr/share/lintian/overrides/${name}`, await readFile(join(at, 'lintian-overrides')));
  await documents(root, recipe, new Date(epoch * 1_000));
  await put(root, `usr/share/doc/${name}/copyright`, await copyrightText(libraries, runtime));
}

async function documents(root: string, { name, command }: Recipe, date: Date): Promise<void> {
  const program = command.build();
  const page = manualPage(program, date.toISOString().slice(0, 10));
  await put(root, `usr/share/man/man1/${command.name}.1.gz`, compressed(page));
  await put(root, `usr/share/bash-completion/completions/${command.name}`, bashCompletion(program));
  const changes = (await readFile(join(HERE, 'changelog'), 'utf8')).replaceAll(/^berth(?= \()/gm, name);
  if (!changes.startsWith(`${name} (${manifest.version}) `)) {
    throw new Error(`scripts/packaging/changelog does not begin with ${manifest.version}`);
  }
  await put(root, `usr/share/doc/${name}/changelog.gz`, compressed(changes));
}

function launcher({ name, command, runtime }: Recipe): string {
  const variables = Object.entries(runtime.variables).map(([variable, value]) => `${variable}=${value} `);
  const words = [`/usr/lib/${name}/node`, ...runtime.arguments, `/usr/lib/${name}/program/${command.file}`];
  return `#!/bin/sh
${variables.join('')}exec ${words.join(' ')} "$@"
`;
}

async function textsOf(name: string, files: readonly string[]): Promise<Record<string, string>> {
  const texts = files.map(async (file) => [file, await readFile(join(HERE, name, file), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

async function put(root: string, path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  await mkdir(join(root, dirname(path)), { recursive: true });
  await writeFile(join(root, path), content, { mode });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, arch: { type: 'string' }, compression: { type: 'string' } },
  });
  const built = await buildPackages({
    architecture: architectureOf(values.arch ?? process.arch),
    compression: compressionOf(values.compression ?? 'best'),
    out: resolve(values.out ?? join(REPOSITORY, 'dist')),
  });
  for (const { file, size, installedSize } of built) {
    process.stdout.write(`${file} ${mebibytes(size)} MiB, ${mebibytes(installedSize)} MiB installed\n`);
  }
}

function architectureOf(text: string): Architecture {
  if (text === 'x64' || text === 'amd64') return 'amd64';
  if (text === 'arm64') return 'arm64';
  throw new Error(`there is no Node here for the architecture ${text}; take amd64 or arm64`);
}

function compressionOf(text: string): Compression {
  if (text === 'best' || text === 'fast') return text;
  throw new Error(`${text} is no compression; take best or fast`);
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

if (import.meta.main) await main();
