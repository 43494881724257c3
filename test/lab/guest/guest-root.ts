import { busyboxRecipe } from './busybox-recipe.ts';
import { type CachedRootOptions, ensureRoot } from './cached-root.ts';
import { debianRecipe } from './debian-recipe.ts';
import type { Recipe } from './recipe.ts';

/**
 * Root file systems of the lab's guests.
 *
 * A guest is an overlay: its own thin upper layer over a root that all guests of a template share and nobody writes to.
 * Two are there: a whole Debian where systemd or sshd matters, and one static busybox for everything else.
 */
export type GuestRootName = 'debian-12' | 'busybox';

const RECIPES: Readonly<Record<GuestRootName, Recipe>> = { 'debian-12': debianRecipe, busybox: busyboxRecipe };

/**
 * The directory of a guest root, built first if it is not cached. Needs root; Debian needs debootstrap and a network.
 *
 * @returns An absolute path, to be used as a read-only lower layer.
 * @throws Error with the words of the program that failed; nothing is left half made.
 */
export function ensureGuestRoot(name: GuestRootName, options: CachedRootOptions = {}): Promise<string> {
  return ensureRoot(name, RECIPES[name], options);
}
