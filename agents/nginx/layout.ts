/**
 * Which servers there must be. Hosts that are served alike share one: those with the same certificate, the same
 * Strict-Transport-Security and the same paths with the same options at each. So the number of servers follows what is
 * different, not how many routes there are; and the server of a certificate's own names, which most hosts need
 * nothing else than, also answers for the names below its wildcard that no route has.
 */

import { createHash } from 'node:crypto';
import { keyOf } from '@berth/proto/contract/resource.ts';
import type { CheckedCertificate } from './check-certificate.ts';
import type { CheckedDomain, Hsts } from './check-ingress.ts';
import { type CheckedOptions, DEFAULT_OPTIONS } from './check-options.ts';
import type { CheckedRoute } from './check-routes.ts';

/** A path prefix that several hosts serve alike. */
export type Place = { readonly path: string; readonly options: CheckedOptions };

/** What a server does, whatever its names and its certificate. */
export type Layout = {
  /** Stem of its file. */
  readonly id: string;
  readonly hsts: Hsts | undefined;
  /** By path. */
  readonly places: readonly Place[];
  /** Whether it may get requests for hosts that no route has. */
  readonly open: boolean;
  /** Keys of the routes by place, for the blame. */
  readonly owners: ReadonlyMap<string, readonly string[]>;
};

/** One server. */
export type Site = {
  readonly certificate: CheckedCertificate;
  readonly layout: Layout;
  readonly names: readonly string[];
};

/** What sites are made of. */
export type SiteParts = {
  readonly certificates: readonly CheckedCertificate[];
  readonly domains: readonly CheckedDomain[];
  readonly routes: readonly CheckedRoute[];
};

type Draft = { key: string; certificate: CheckedCertificate; layout: LayoutDraft; names: string[] };
type LayoutDraft = { hsts: Hsts | undefined; places: readonly Place[]; owners: Map<string, string[]>; id: string };

/** Plans the servers: no name twice, and each route's host leads to what the route asks for. */
export function planSites(parts: SiteParts): Site[] {
  const planner = new Planner(parts.certificates, parts.domains);
  for (const certificate of parts.certificates) planner.takeNames(certificate);
  for (const routes of Map.groupBy(parts.routes, (route) => route.host).values()) planner.takeHost(routes);
  return planner.sites();
}

class Planner {
  readonly #certificates: ReadonlyMap<string, CheckedCertificate>;
  readonly #domains: ReadonlyMap<string, CheckedDomain>;
  readonly #layouts = new Map<string, LayoutDraft>();
  readonly #drafts = new Map<string, Draft>();
  readonly #holders = new Map<string, Draft>();
  #lastUsual: Draft | undefined;

  constructor(certificates: readonly CheckedCertificate[], domains: readonly CheckedDomain[]) {
    this.#certificates = new Map(certificates.map((certificate) => [certificate.name, certificate]));
    this.#domains = new Map(domains.map((domain) => [domain.name, domain]));
  }

  /** A certificate's own names are served in the usual way where no other certificate has them already. */
  takeNames(certificate: CheckedCertificate): void {
    for (const name of certificate.names) {
      if (this.#holders.has(name)) continue;
      const hsts = certificate.selfSigned ? undefined : this.#hstsAbove(name.replace('*.', ''));
      this.#holders.set(name, this.#draft(certificate, this.#layout(hsts, [USUAL])));
    }
  }

  /** Gives a host a server name of its own unless its certificate's names lead to the right server anyway. */
  takeHost(routes: readonly CheckedRoute[]): void {
    const [first] = routes;
    const certificate = first && this.#certificates.get(first.certificate);
    if (!first || !certificate) return;
    const hsts = certificate.selfSigned ? undefined : this.#domains.get(first.domain)?.hsts;
    const wanted = isUsual(routes) ? this.#usual(certificate, hsts) : this.#own(certificate, hsts, routes);
    const found = this.#holders.get(first.host) ?? this.#holders.get(`*${first.host.slice(first.host.indexOf('.'))}`);
    if (found !== wanted) this.#holders.set(first.host, wanted);
  }

  /** Those that have a name, in the order of their certificates. */
  sites(): Site[] {
    for (const [name, draft] of this.#holders) draft.names.push(name);
    const used = [...this.#drafts.values()].filter(({ names }) => names.length > 0);
    return used.map(({ certificate, layout, names }) => {
      const open = isUsual(layout.places);
      return { certificate, layout: { ...layout, open }, names: names.sort() };
    });
  }

  /** What nearly all hosts have; nobody is to blame for it. */
  #usual(certificate: CheckedCertificate, hsts: Hsts | undefined): Draft {
    const known = this.#lastUsual;
    if (known?.certificate === certificate && known.layout.hsts === hsts) return known;
    this.#lastUsual = this.#draft(certificate, this.#layout(hsts, [USUAL]));
    return this.#lastUsual;
  }

  #own(certificate: CheckedCertificate, hsts: Hsts | undefined, routes: readonly CheckedRoute[]): Draft {
    const layout = this.#layout(hsts, routes.toSorted(byPath));
    for (const route of routes) own(layout, route);
    return this.#draft(certificate, layout);
  }

  #hstsAbove(name: string): Hsts | undefined {
    for (let domain = name; domain !== ''; domain = domain.slice(domain.indexOf('.') + 1)) {
      const found = this.#domains.get(domain);
      if (found) return found.hsts;
      if (!domain.includes('.')) return undefined;
    }
    return undefined;
  }

  #layout(hsts: Hsts | undefined, places: readonly Place[]): LayoutDraft {
    const key = [hsts?.text, ...places.map(({ path, options }) => `${path} ${options.id}`)].join('\n');
    const known = this.#layouts.get(key);
    if (known) return known;
    const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
    const layout = { hsts, places: places.map(({ path, options }) => ({ path, options })), owners: new Map(), id };
    this.#layouts.set(key, layout);
    return layout;
  }

  #draft(certificate: CheckedCertificate, layout: LayoutDraft): Draft {
    const key = `${certificate.id} ${layout.id}`;
    const draft = this.#drafts.get(key) ?? { key, certificate, layout, names: [] };
    this.#drafts.set(key, draft);
    return draft;
  }
}

const USUAL: Place = { path: '', options: DEFAULT_OPTIONS };

function isUsual(places: readonly Place[]): boolean {
  const [first] = places;
  return places.length === 1 && first?.path === '' && first.options.id === DEFAULT_OPTIONS.id;
}

function own(layout: LayoutDraft, route: CheckedRoute): void {
  const owners = layout.owners.get(route.path) ?? [];
  owners.push(keyOf(route.resource));
  layout.owners.set(route.path, owners);
}

function byPath(one: CheckedRoute, other: CheckedRoute): number {
  return one.path < other.path ? -1 : 1;
}
