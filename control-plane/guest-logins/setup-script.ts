import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PARTS = join(import.meta.dirname, 'script');

/**
 * The script that sets up logins in a guest: the files of `script/` in their order. It is the same for every guest and
 * holds nothing of any: settings come to it by `logins.conf`. Its last line calls what the rest defines, so a copy that
 * was cut short does nothing.
 */
export function setupScript(): string {
  const names = readdirSync(PARTS).filter((name) => name.endsWith('.sh'));
  return names
    .toSorted()
    .map((name) => readFileSync(join(PARTS, name), 'utf8'))
    .join('');
}
