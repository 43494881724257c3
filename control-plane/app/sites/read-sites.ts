import type { GetSiteRequest, ListSitesRequest } from '@berth/proto/api/v1/sites_pb.js';
import { sharedDomainsOf } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findSite } from '../find.ts';
import { type Page, readPage } from '../page.ts';

/** A site with everything its page shows. */
export interface SiteView {
  site: Row<'sites'>;
  domains: string[];
  conditions: Row<'conditions'>[];
}

/** Reads a site. */
export async function getSite({ store }: AppDeps, caller: Caller, request: GetSiteRequest): Promise<SiteView> {
  authorise(caller, 'SitesService.GetSite');
  return siteView(store.db, await findSite(store.db, request.site, 'site'));
}

/** Lists sites by name. */
export async function listSites(
  { store }: AppDeps,
  caller: Caller,
  request: ListSitesRequest,
): Promise<Page<SiteView>> {
  authorise(caller, 'SitesService.ListSites');
  const page = await readPage(
    'sites',
    request,
    (row: Row<'sites'>) => row.name,
    (key, limit) => {
      const query = store.db.selectFrom('sites').selectAll().orderBy('name').limit(limit);
      return (key === undefined ? query : query.where('name', '>', key)).execute();
    },
  );
  return { ...page, rows: await siteViews(store.db, page.rows) };
}

/** The view of one site. */
async function siteView(db: Db, site: Row<'sites'>): Promise<SiteView> {
  const [view] = await siteViews(db, [site]);
  return view ?? { site, domains: [], conditions: [] };
}

async function siteViews(db: Db, sites: readonly Row<'sites'>[]): Promise<SiteView[]> {
  const ids = sites.map(({ id }) => id);
  if (ids.length === 0) return [];
  const domains = await sharedDomainsOf(db, ids);
  const conditions = await db
    .selectFrom('conditions')
    .selectAll()
    .where('site_id', 'in', ids)
    .where('container_id', 'is', null)
    .orderBy('since', 'desc')
    .execute();
  return sites.map((site) => ({
    site,
    domains: domains.filter(({ site_id }) => site_id === site.id).map(({ name }) => name),
    conditions: conditions.filter(({ site_id }) => site_id === site.id),
  }));
}
