import type { CheckedRoute } from './check-routes.ts';
import { groupCount, groupOf, slotNames } from './slots.ts';

/** Text of a file and, line by line, the keys of the resources it comes from, one or several. */
export type RenderedFile = {
  readonly content: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly owners?: readonly (string | readonly string[])[];
};

/** Collects files by path. */
export type FileSink = (path: string, file: RenderedFile) => void;

/** How the role names resources in source maps. */
export type KeyOf = (item: { resource: CheckedRoute['resource'] }) => string;

/** A line, and whose it is. */
export type Line = { readonly text: string; readonly owner: string | readonly string[] };
/** Lengths of the names of groups of one kind. */
const LENGTHS = 8;

type Shard = { upstreams: Line[]; backends: Line[]; paths: Line[] };

/**
 * Writes the routes: `upstreams/N.conf` with the blocks of shard N, and `backends/N.map` (host → URL of a block, spelt
 * so that it leads to one position in it), for prefixes of paths `paths/N.map` (host and prefix → the same). The shard
 * of a route follows from its backend, so that a change rewrites one shard, at most two. Without `slotted` every
 * backend has a block of its own.
 */
export function renderRoutes(routes: readonly CheckedRoute[], slotted: boolean, keyOf: KeyOf, sink: FileSink): void {
  const count = groupCount(routes.length);
  const members = Array.from({ length: count }, (): CheckedRoute[] => []);
  for (const route of routes) members[groupOf(route.backend, count)]?.push(route);
  for (const [index, shardRoutes] of members.entries()) {
    if (shardRoutes.length === 0) continue;
    const shard = renderShard(shardRoutes, index, slotted, keyOf);
    sink(`upstreams/${index}.conf`, linesOf(shard.upstreams));
    if (shard.backends.length > 0) sink(`backends/${index}.map`, linesOf(shard.backends));
    if (shard.paths.length > 0) sink(`paths/${index}.map`, linesOf(shard.paths));
  }
}

/** Hosts of which some paths are served and not all: nothing is behind the name, but it is known. */
export function renderPartial(routes: readonly CheckedRoute[], keyOf: KeyOf, sink: FileSink): void {
  const whole = new Set(routes.flatMap(({ host, path }) => (path === '' ? [host] : [])));
  const partial = new Map(routes.flatMap((route) => (whole.has(route.host) ? [] : [[route.host, route] as const])));
  if (partial.size === 0) return;
  const lines = [...partial].map(([host, route]) => ({ text: `${host} known;`, owner: keyOf(route) }));
  sink('backends/partial.map', linesOf(lines));
}

function renderShard(routes: readonly CheckedRoute[], index: number, slotted: boolean, keyOf: KeyOf): Shard {
  const shard: Shard = { upstreams: [], backends: [], paths: [] };
  for (const tls of [false, true]) {
    const same = routes.filter((route) => route.tls === tls);
    const byBackend = Map.groupBy(same, (route) => route.backend);
    const groups = slotted ? [[...byBackend]] : [...byBackend].map((entry) => [entry]);
    for (const [position, group] of groups.entries()) {
      if (group.length === 0) continue;
      const name = `${groupName(index, tls)}${slotted ? '' : `_${position}`}`;
      renderGroup(shard, name, group, tls ? 'https' : 'http', keyOf);
    }
  }
  return shard;
}

// nginx looks through the names of all groups at each request: first at their lengths, then letter by letter. So they
// differ in length, and then at the beginning. Each letter costs a request about fifty instructions; fifteen are what
// `slotNames` needs for a group that came out large.
function groupName(index: number, tls: boolean): string {
  return `${index}${tls ? 'tls' : ''}backendsofgroup${'s'.repeat(index % LENGTHS)}`;
}

function renderGroup(
  shard: Shard,
  name: string,
  group: readonly (readonly [string, readonly CheckedRoute[]])[],
  scheme: string,
  keyOf: KeyOf,
): void {
  const names = group.length > 1 ? slotNames(name, group.length) : [name];
  const first = group[0]?.[1][0];
  const groupOwner = first ? keyOf(first) : '';
  const structural = (text: string) => shard.upstreams.push({ text, owner: groupOwner });
  structural(`upstream ${name} {`);
  if (group.length > 1) structural('  hash $proxy_host;');
  for (const [position, [backend, routes]] of group.entries()) {
    for (const route of routes) {
      const owner = keyOf(route);
      if (route === routes[0]) shard.upstreams.push({ text: `  server ${backend} max_fails=0;`, owner });
      const line = { text: `${route.host}${route.path} ${scheme}://${names[position]};`, owner };
      (route.path === '' ? shard.backends : shard.paths).push(line);
    }
  }
  // Shorter than the five seconds after which many servers close an idle connection themselves.
  structural(`  keepalive ${Math.min(64, 8 * group.length)};`);
  structural('  keepalive_timeout 4s;');
  structural('}');
}

/** A file of lines. */
export function linesOf(lines: readonly Line[]): RenderedFile {
  return { content: `${lines.map((line) => line.text).join('\n')}\n`, owners: lines.map((line) => line.owner) };
}
