/** Who listens on this host: what the kernel knows of sockets, with the program that holds each. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** A socket that takes connections (TCP) or packets (UDP). */
export interface Listener {
  protocol: 'tcp' | 'udp';
  /** IPv4 or IPv6 literal; "0.0.0.0" and "::" are all addresses. */
  address: string;
  port: number;
  /** The process, where it is ours to know: root sees all, others their own. */
  pid?: number;
  /** Name of its program. */
  program?: string;
  /** systemd's unit it belongs to, e.g. "nginx.service". */
  unit?: string;
}

/** A socket as /proc/net lists it. */
export type Socket = Pick<Listener, 'protocol' | 'address' | 'port'> & { inode: string };

const TABLES = [
  ['tcp', '/proc/net/tcp'],
  ['tcp', '/proc/net/tcp6'],
  ['udp', '/proc/net/udp'],
  ['udp', '/proc/net/udp6'],
] as const;

/** State of a TCP socket that listens, and of a UDP socket that is not connected (include/net/tcp_states.h). */
const OPEN = { tcp: '0A', udp: '07' };

/** Everybody who listens, in this network namespace. */
export async function listListeners(): Promise<Listener[]> {
  const tables = TABLES.map(async ([protocol, path]) => parseSockets(await textOf(path), protocol));
  const sockets = (await Promise.all(tables)).flat();
  const holders = await holdersOf(new Set(sockets.map(({ inode }) => inode)));
  const described = new Map<number, Promise<Pick<Listener, 'program' | 'unit'>>>();
  return Promise.all(
    sockets.map(async ({ inode, ...socket }) => {
      const pid = holders.get(inode);
      if (pid === undefined) return socket;
      const description = described.get(pid) ?? describe(pid);
      described.set(pid, description);
      return { ...socket, pid, ...(await description) };
    }),
  );
}

/** Sockets that are open to anybody in a table of /proc/net (proc(5)). */
export function parseSockets(table: string, protocol: 'tcp' | 'udp'): Socket[] {
  const rows = table.split('\n').slice(1).filter(Boolean);
  return rows.flatMap((row) => {
    const fields = row.trim().split(/\s+/);
    const [address = '', port = ''] = (fields[1] ?? '').split(':');
    if (fields[3] !== OPEN[protocol]) return [];
    return [{ protocol, address: addressOf(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' }];
  });
}

/** Who holds a port, in words. */
export function holderWords({ program, pid, unit }: Listener): string {
  if (program === undefined) return 'a program that only root can name';
  return unit === undefined ? `${program} (pid ${pid})` : `${program} (pid ${pid}, ${unit})`;
}

/** The kernel writes each 32 bits in the order of the machine. @param hex 8 or 32 digits */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Lowest process by inode: of nginx's, the master. */
async function holdersOf(inodes: ReadonlySet<string>): Promise<Map<string, number>> {
  const holders = new Map<string, number>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids.sort((a, b) => a - b)) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
    for (const target of targets) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined && inodes.has(inode) && !holders.has(inode)) holders.set(inode, pid);
    }
  }
  return holders;
}

async function describe(pid: number): Promise<Pick<Listener, 'program' | 'unit'>> {
  const [name, groups] = await Promise.all([textOf(`/proc/${pid}/comm`), textOf(`/proc/${pid}/cgroup`)]);
  const unit = unitOf(groups);
  return { program: name.trim(), ...(unit !== undefined && { unit }) };
}

/** The service in a process's control groups: of systemd's own hierarchy, or of the only one (cgroups(7)). */
export function unitOf(groups: string): string | undefined {
  const own = groups.split('\n').find((line) => line.includes(':name=systemd:') || line.startsWith('0::'));
  return own?.match(/[^/]+\.service/g)?.at(-1);
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
