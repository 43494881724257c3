import { notFound } from '../errors.ts';
import { activeAgentsOf, rolesOf } from '../store/agents.ts';
import { certificateKey, newestCertificates } from '../store/certificates.ts';
import { domainsOf } from '../store/domains.ts';
import { nodesOf, nodeTokenSecret } from '../store/nodes.ts';
import type { Row } from '../store/schema.ts';
import { siteChangesSince } from '../store/site-changes.ts';
import { siteById } from '../store/sites.ts';
import type { Db, Store } from '../store/store.ts';
import type { ContainerRows, SiteReader, SiteRows, SiteSnapshot } from './site-rows.ts';

/** Identifiers in one query. */
const CHUNK = 500;

/** Reads a site's rows from the store, all of one look as they were at one moment. */
export function siteReader(store: Store, siteId: string): SiteReader {
  return {
    read: (work) =>
      store.db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute((db) => work(snapshotOf(store, db, siteId))),
  };
}

function snapshotOf(store: Store, db: Db, siteId: string): SiteSnapshot {
  const site = async () => {
    const row = await siteById(db, siteId);
    if (!row) throw notFound('site', siteId);
    return row;
  };
  return {
    revision: async () => (await site()).revision,
    changesSince: (revision) => siteChangesSince(db, siteId, revision),
    site: async () => siteRows(store, db, await site()),
    containers: (ids) => (ids ? someContainers(db, ids) : allContainers(db, siteId)),
  };
}

async function siteRows({ secrets }: Store, db: Db, site: Row<'sites'>): Promise<SiteRows> {
  const certificates = await newestCertificates(db, site.id);
  const nodes = await nodesOf(db, site.id);
  const agents = await activeAgentsOf(db, site.id);
  return {
    site,
    domains: await domainsOf(db, site.id),
    certificates: certificates.map((row) => ({ ...row, key_pem: certificateKey(secrets, row) })),
    nodes: nodes.map((row) => ({ ...row, token_secret: nodeTokenSecret(secrets, row) })),
    proxmoxAgentIds: agents.filter((agent) => rolesOf(agent).includes('proxmox')).map(({ id }) => id),
  };
}

async function allContainers(db: Db, siteId: string): Promise<ContainerRows[]> {
  const containers = await db.selectFrom('containers').selectAll().where('site_id', '=', siteId).execute();
  const services = await db.selectFrom('services').selectAll().where('site_id', '=', siteId).orderBy('id').execute();
  return joined(containers, services);
}

async function someContainers(db: Db, ids: readonly string[]): Promise<ContainerRows[]> {
  const found: ContainerRows[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const some = ids.slice(at, at + CHUNK);
    const containers = await db.selectFrom('containers').selectAll().where('id', 'in', some).execute();
    const services = await db.selectFrom('services').selectAll().where('container_id', 'in', some).execute();
    found.push(...joined(containers, services));
  }
  return found;
}

function joined(containers: Row<'containers'>[], services: Row<'services'>[]): ContainerRows[] {
  const byContainer = Map.groupBy(services, (service) => service.container_id);
  return containers.map((container) => ({ container, services: byContainer.get(container.id) ?? [] }));
}
