/**
 * The nginx configuration as a pure function of a plan. The number of blocks follows the number of certificates,
 * of what is wanted of routes beyond being served (layout.ts), and of groups of backends, not of routes: a route that
 * wants nothing more is one line in a map and one `server` in a group. Files are sharded by backend, so that one change
 * rewrites two small files and `nginx.conf`, which carries the release's id. Every path inside is relative to the release, so that the staged tree can be judged where it lies.
 */

import { createHash } from 'node:crypto';
import { keyOf } from '@berth/proto/contract/resource.ts';
import { planSites } from './layout.ts';
import type { Plan } from './plan.ts';
import { type MainFacts, renderMain } from './render-main.ts';
import { type RenderOptions, withIngress } from './render-options.ts';
import { renderCertificates, renderSites } from './render-servers.ts';
import { type RenderedFile, renderPartial, renderRoutes } from './render-shards.ts';
import { renderSignIn, signInFacts } from './render-sign-in.ts';
import { renderStreams } from './render-streams.ts';

/** A whole configuration. */
export type RenderedRelease = {
  /** Digest of the content; the running nginx tells it over its status socket. */
  readonly id: string;
  /** For a release that is stored under its id. */
  readonly files: ReadonlyMap<string, RenderedFile>;
  /** The files for a release that is stored under another name. */
  filesFor(name: string): ReadonlyMap<string, RenderedFile>;
};

/** Renders a plan for a host. */
export function render(plan: Plan, host: RenderOptions): RenderedRelease {
  const options = withIngress(host, plan.ingress);
  const files = new Map<string, RenderedFile>();
  const sink = (path: string, file: RenderedFile) => void files.set(path, file);
  const owner = (item: { resource: Parameters<typeof keyOf>[0] }) => keyOf(item.resource);
  const sites = planSites(plan);
  const signIn = signInFacts(plan, options.addresses ?? new Map());
  const facts: Omit<MainFacts, 'releaseId' | 'releaseName'> = {
    hosts: plan.routes.map((route) => route.host + route.path),
    serverNames: sites.flatMap((site) => site.names),
    challengePaths: plan.challenges.map((challenge) => challenge.path),
    paths: plan.routes.some((route) => route.path !== ''),
    layouts: sites.map((site) => site.layout),
    signIn,
    streams: plan.streams,
  };
  const challenges = plan.challenges.map((challenge) => `${challenge.path} ${challenge.answer};`);
  sink('challenges.map', { content: `${challenges.join('\n')}\n`, owners: plan.challenges.map(owner) });
  renderCertificates(plan.certificates, sink);
  renderSites(sites, options, signIn, sink);
  renderSignIn(plan, owner, sink);
  renderRoutes(plan.routes, options.slotted, owner, sink);
  renderPartial(plan.routes, owner, sink);
  renderStreams(plan, options, sink);
  const main = (releaseId: string, releaseName: string) => {
    return { content: renderMain(options, { ...facts, releaseId, releaseName }) };
  };
  const id = digestOf(files, main('', '').content);
  const filesFor = (name: string) => new Map([...files, ['nginx.conf', main(id, name)]]);
  return { id, files: filesFor(id), filesFor };
}

function digestOf(files: ReadonlyMap<string, RenderedFile>, main: string): string {
  const digest = createHash('sha256').update(main);
  for (const [path, file] of files) digest.update(`\0${path}\0`).update(file.content);
  return digest.digest('hex').slice(0, 24);
}
