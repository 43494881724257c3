/** Which folder of the control plane imports which, as the code has it. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { REPOSITORY } from './blocks.ts';

const ROOT = 'control-plane';

/** By folder, the others it imports, sorted; tests and what only they use are left out. */
export function importsByFolder(): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  const isTest = (file: string) => /\.test\.ts$|\/testing\/|\/test-[^/]*$|arbitrary/.test(file);
  for (const file of globSync(`${ROOT}/*/**/*.ts`, { cwd: REPOSITORY }).filter((file) => !isTest(file))) {
    const [, own = ''] = file.split('/');
    const imports = found.get(own) ?? new Set();
    found.set(own, imports);
    const source = readFileSync(join(REPOSITORY, file), 'utf8');
    for (const [, path = ''] of source.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const [, other = '', inside] = normalize(join(dirname(file), path)).split('/');
      if (inside !== undefined && other !== own) imports.add(other);
    }
  }
  return new Map([...found].map(([folder, imports]) => [folder, [...imports].sort()]));
}
