/**
 * Root file systems, built once and cached under a name that holds the hash of their recipe, so that a changed recipe
 * makes a new root while running machines keep the old one. A root appears by one rename, never half made, and whoever
 * wants it while another builds it waits for that.
 */
import { spawn } from 'node:child_process';
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { OnProgress, Recipe } from './recipe.ts';

/** Options of {@link ensureRoot}. */
export type CachedRootOptions = {
  /** Where roots are kept; by default `guests` in `$BERTH_CACHE` or in the repository's `.cache`. */
  readonly cacheDir?: string;
  /** Hears what takes so long; nothing is said when the root is there already. */
  readonly onProgress?: OnProgress;
};

/**
 * The directory of a root, built first if it is not cached.
 *
 * @returns An absolute path, to be used as a read-only lower layer.
 * @throws Error with the words of the program that failed; nothing is left half made.
 */
export async function ensureRoot(name: string, recipe: Recipe, options: CachedRootOptions = {}): Promise<string> {
  const { cacheDir = defaultCacheDir(), onProgress = () => {} } = options;
  const target = join(cacheDir, `${name}-${await recipeHash(recipe)}`);
  if (await exists(target)) return target;
  await mkdir(cacheDir, { recursive: true });
  await whileLocked(`${target}.lock`, async () => {
    if (!(await exists(target))) await build(recipe, target, onProgress);
  });
  onProgress(`root ${name} is ready`);
  return target;
}

async function build(recipe: Recipe, target: string, onProgress: OnProgress): Promise<void> {
  const building = `${target}.${randomBytes(4).toString('hex')}`;
  await mkdir(building, { mode: 0o755 });
  try {
    await recipe.build(building, onProgress);
    if (recipe.tree) await cp(recipe.tree, building, { recursive: true });
    await recipe.finish(building, onProgress);
    await rename(building, target);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Runs `work` while a process of ours holds the lock of `file`; it lets go when we end, however we end. */
async function whileLocked(file: string, work: () => Promise<void>): Promise<void> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked && exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  await Promise.race([once(holder.stdout, 'data'), ended]);
  try {
    if (holder.exitCode !== null) throw new Error(`${file} cannot be locked`);
    await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

function defaultCacheDir(): string {
  return join(process.env.BERTH_CACHE || join(import.meta.dirname, '../../../.cache'), 'guests');
}

async function recipeHash(recipe: Recipe): Promise<string> {
  const hash = createHash('sha256').update(await recipe.fingerprint());
  if (recipe.tree) await addTree(hash, recipe.tree);
  return hash.digest('hex').slice(0, 12);
}

async function addTree(hash: Hash, tree: string): Promise<void> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(`\0${relative(tree, file)}\0`).update(await readFile(file));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
