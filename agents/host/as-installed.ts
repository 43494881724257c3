/**
 * Services of the host that do nothing of their own: as Debian's package installed them, untouched. Installing nginx
 * starts one with a welcome page on port 80; it may make room, where one that somebody set up may not.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { runProgram } from '../shared/run-program.ts';

interface Untouched {
  package: string;
  /** Configuration that must be as the package brought it. */
  below: string;
  /** Directories and what the package leaves in them; anything else is somebody's. */
  holding: Record<string, readonly string[]>;
}

const SERVICES: Readonly<Record<string, Untouched>> = {
  'nginx.service': {
    package: 'nginx-common',
    below: '/etc/nginx/',
    holding: { '/etc/nginx/conf.d': [], '/etc/nginx/sites-enabled': ['default'] },
  },
  'dnsmasq.service': {
    package: 'dnsmasq',
    below: '/etc/dnsmasq',
    holding: { '/etc/dnsmasq.d': ['README'] },
  },
};

/** Whether a unit serves nothing but what Debian's package came with. */
export async function isAsInstalled(unit: string): Promise<boolean> {
  const service = SERVICES[unit];
  if (!service) return false;
  const { exitCode, stdout } = await runProgram('dpkg-query', ['-W', '-f', `\${Conffiles}`, service.package]);
  if (exitCode !== 0) return false;
  const files = parseConffiles(stdout).filter(({ path }) => path.startsWith(service.below));
  if (files.length === 0) return false;
  const same = await Promise.all(files.map(async ({ path, md5 }) => (await md5Of(path)) === md5));
  const alone = await Promise.all(Object.entries(service.holding).map(([path, names]) => holdsOnly(path, names)));
  return [...same, ...alone].every(Boolean);
}

/** Paths and sums as dpkg-query writes them (`${Conffiles}`); what a package has given up is left out. */
export function parseConffiles(text: string): { path: string; md5: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, path, md5] = /^ (\/\S+) ([0-9a-f]{32})$/.exec(line) ?? [];
    return path !== undefined && md5 !== undefined ? [{ path, md5 }] : [];
  });
}

async function md5Of(path: string): Promise<string | undefined> {
  const content = await readFile(path).catch(() => undefined);
  return content && createHash('md5').update(content).digest('hex');
}

async function holdsOnly(directory: string, names: readonly string[]): Promise<boolean> {
  const entries = await readdir(directory).catch(() => []);
  return entries.every((name) => names.includes(name) || name.startsWith('.'));
}
