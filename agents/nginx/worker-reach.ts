import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const SEARCH_FOR_OTHERS = 0o001;

/** The highest directory above a path that other accounts than its owner's may not search; undefined when there is none. */
export async function closedAbove(path: string): Promise<string | undefined> {
  const parent = dirname(path);
  if (parent === path) return undefined;
  const above = await closedAbove(parent);
  if (above !== undefined) return above;
  return (await stat(parent)).mode & SEARCH_FOR_OTHERS ? undefined : parent;
}

/** Lets other accounts pass through a directory; they still cannot list it. */
export async function openForSearch(directory: string): Promise<void> {
  const { mode } = await stat(directory);
  if ((mode & SEARCH_FOR_OTHERS) === 0) await chmod(directory, (mode & 0o777) | 0o011);
}
