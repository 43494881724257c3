/**
 * The nginx configuration as a pure function of a plan. The number of blocks follows the number of certificates and
 * of groups of backends, not of routes: a route is one line in each of two maps and one `server` in a group. Files
 * are sharded by backend, so that one change rewrites three small files and `nginx.conf`, which carries the release's
 * id. Every path inside is relative to the release, so that the staged tree can be judged where it lies.
 */

import { createHash } from 'node:crypto';
import { keyOf } from '@berth/proto/contract/resource.ts';
import type { Plan } from './plan.ts';
import { renderMain, renderPages } from './render-main.ts';
import type { RenderOptions } from './render-options.ts';
import { renderRouting, renderSites, serverNames } from './render-servers.ts';
import { type RenderedFile, renderRoutes, renderStreams } from './render-shards.ts';

/** A whole configuration. */
export type RenderedRelease = {
  /** Digest of the content; the running nginx tells it over its status socket. */
  readonly id: string;
  readonly files: ReadonlyMap<string, RenderedFile>;
};

/** Renders a plan. */
export function render(plan: Plan, options: RenderOptions): RenderedRelease {
  const files = new Map<string, RenderedFile>();
  const sink = (path: string, file: RenderedFile) => void files.set(path, file);
  const owner = (item: { resource: Parameters<typeof keyOf>[0] }) => keyOf(item.resource);
  const names = serverNames(plan.certificates, plan.routes);
  const facts = {
    hosts: plan.routes.map((route) => route.host),
    serverNames: [...names.values()].flat(),
    challengePaths: plan.challenges.map((challenge) => challenge.path),
    streams: plan.streams.length > 0,
  };
  sink('routes.conf', { content: renderRouting(options) });
  sink('pages.conf', { content: renderPages(options) });
  const challenges = plan.challenges.map((challenge) => `${challenge.path} ${challenge.answer};`);
  sink('challenges.map', { content: `${challenges.join('\n')}\n`, owners: plan.challenges.map(owner) });
  renderSites(names, options, owner, sink);
  renderRoutes(plan.routes, options.slotted, owner, sink);
  renderStreams(plan.streams, options.listen, owner, sink);
  const main = (releaseId: string) => renderMain(options, { ...facts, releaseId });
  const id = digestOf(files, main(''));
  sink('nginx.conf', { content: main(id) });
  return { id, files };
}

function digestOf(files: ReadonlyMap<string, RenderedFile>, main: string): string {
  const digest = createHash('sha256').update(main);
  for (const [path, file] of files) digest.update(`\0${path}\0`).update(file.content);
  return digest.digest('hex').slice(0, 24);
}
