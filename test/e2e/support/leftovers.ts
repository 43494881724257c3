import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Lab } from '../../lab/lab.ts';

const ROWS = ['containers', 'services', 'guest_states'] as const;

/** What is left of containers anywhere in the lab, a line each; empty when nothing is. */
export async function leftovers(lab: Lab): Promise<string[]> {
  return [...rows(lab), ...(await guests(lab)), ...(await configuration(lab))];
}

function rows(lab: Lab): string[] {
  const db = new Database(join(lab.stateDir('cp'), 'berth.db'), { readonly: true });
  try {
    return ROWS.flatMap((table) => {
      const { n } = db.prepare<[], { n: number }>(`select count(*) as n from ${table}`).get() ?? { n: 0 };
      return n > 0 ? [`${n} rows in ${table}`] : [];
    });
  } finally {
    db.close();
  }
}

async function guests(lab: Lab): Promise<string[]> {
  const base = join(lab.network.directory, 'pve-host', 'lxc');
  const found: string[] = [];
  for (const node of await readdir(base).catch(() => [])) {
    for (const vmid of await readdir(join(base, node))) if (/^\d+$/.test(vmid)) found.push(`guest ${vmid} on ${node}`);
  }
  return found;
}

async function configuration(lab: Lab): Promise<string[]> {
  const found: string[] = [];
  for (const [host, part] of [
    ['web', 'nginx'],
    ['dns', 'dnsmasq'],
  ] as const) {
    const current = join(lab.stateDir(host), part, 'current');
    for (const file of await readdir(current, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!file.isFile()) continue;
      const text = await readFile(join(file.parentPath, file.name), 'utf8');
      const line = text
        .split('\n')
        .find((l) => /10\.64\.[0-3]\.\d+/.test(l) && /bc:24:11|\bt\d+-|apps\.lab[; ].*10\.64|server 10\.64/.test(l));
      if (line) found.push(`${part}/${file.name}: ${line.trim()}`);
    }
  }
  return found;
}
