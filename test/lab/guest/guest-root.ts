import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { busyboxRecipe } from './busybox-recipe.ts';
import { debianRecipe } from './debian-recipe.ts';
import type { OnProgress, Recipe } from './recipe.ts';

/**
 * Root file systems of the lab's guests.
 *
 * A guest is an overlay: its own thin upper layer over a root that all guests of a template share and nobody writes to.
 * The roots are built once and cached under a name that holds the hash of their recipe, so a changed recipe makes a new
 * root while running guests keep the old one. A root appears by one rename, never half made, and two builders at once
 * do no harm. Two are there: a whole Debian where systemd or sshd matters, and one static busybox for everything else.
 */
export type GuestRootName = 'debian-12' | 'busybox';

/** Options of {@link ensureGuestRoot}. */
export type GuestRootOptions = {
  /** Where roots are kept; by default `guests` in `$BERTH_CACHE` or in the repository's `.cache`. */
  readonly cacheDir?: string;
  /** Hears what takes so long; nothing is said when the root is there already. */
  readonly onProgress?: OnProgress;
};

const RECIPES: Readonly<Record<GuestRootName, Recipe>> = { 'debian-12': debianRecipe, busybox: busyboxRecipe };

/**
 * The directory of a guest root, built first if it is not cached. Needs root; Debian needs debootstrap and a network.
 *
 * @returns An absolute path, to be used as a read-only lower layer.
 * @throws Error with the words of the program that failed; nothing is left half made.
 */
export async function ensureGuestRoot(name: GuestRootName, options: GuestRootOptions = {}): Promise<string> {
  const { cacheDir = defaultCacheDir(), onProgress = () => {} } = options;
  const recipe = RECIPES[name];
  const target = join(cacheDir, `${name}-${await recipeHash(recipe)}`);
  if (await exists(target)) return target;
  const building = `${target}.${randomBytes(4).toString('hex')}`;
  await mkdir(building, { recursive: true, mode: 0o755 });
  try {
    await recipe.build(building, onProgress);
    await cp(recipe.tree, building, { recursive: true });
    await recipe.finish(building, onProgress);
    await publish(building, target);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  onProgress(`guest root ${name} is ready`);
  return target;
}

function defaultCacheDir(): string {
  return join(process.env.BERTH_CACHE || join(import.meta.dirname, '../../../.cache'), 'guests');
}

async function publish(building: string, target: string): Promise<void> {
  try {
    await rename(building, target);
  } catch (error) {
    if (!(await exists(target))) throw error;
  }
}

async function recipeHash(recipe: Recipe): Promise<string> {
  const hash = createHash('sha256').update(await recipe.fingerprint());
  const entries = await readdir(recipe.tree, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    hash.update(`\0${relative(recipe.tree, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
