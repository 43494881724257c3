import { notFound } from '../errors.ts';
import { challengesOf } from '../store/acme-challenges.ts';
import { activeAgentsOf, rolesOf } from '../store/agents.ts';
import { certificateKey, newestCertificates } from '../store/certificates.ts';
import { domainsOf } from '../store/domains.ts';
import { recordsOf } from '../store/internal-records.ts';
import { nodesOf, nodeTokenSecret } from '../store/nodes.ts';
import type { Row } from '../store/schema.ts';
import { joinNames, type ServiceRow, servicesOf } from '../store/services.ts';
import { siteChangesSince } from '../store/site-changes.ts';
import { siteById } from '../store/sites.ts';
import type { Db, Store } from '../store/store.ts';
import type { CertificateRow, ContainerRows, SignInWays, SiteReader, SiteRows, SiteSnapshot } from './site-rows.ts';

/** Identifiers in one query. */
const CHUNK = 500;

/** Reads a site's rows from the store, all of one look as they were at one moment. */
export function siteReader(store: Store, siteId: string, signIn: SignInWays): SiteReader {
  return {
    read: (work) =>
      store.db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute((db) => work(snapshotOf(store, db, siteId, signIn))),
  };
}

function snapshotOf(store: Store, db: Db, siteId: string, signIn: SignInWays): SiteSnapshot {
  const site = async () => {
    const row = await siteById(db, siteId);
    if (!row) throw notFound('site', siteId);
    return row;
  };
  return {
    revision: async () => (await site()).revision,
    changesSince: (revision) => siteChangesSince(db, siteId, revision),
    site: async () => ({ ...(await siteRows(store, db, await site())), signIn }),
    containers: (ids) => (ids ? someContainers(store, db, siteId, ids) : allContainers(store, db, siteId)),
  };
}

async function siteRows({ secrets }: Store, db: Db, site: Row<'sites'>): Promise<Omit<SiteRows, 'signIn'>> {
  const certificates = await newestCertificates(db, site.id, 'domains');
  const nodes = await nodesOf(db, site.id);
  const agents = await activeAgentsOf(db, site.id);
  return {
    site,
    domains: await domainsOf(db, site.id),
    certificates: certificates.map(opened(secrets)),
    challenges: await challengesOf(db, site.id),
    records: await recordsOf(db, site.id),
    nodes: nodes.map((row) => ({ ...row, token_secret: nodeTokenSecret(secrets, row) })),
    proxmoxAgentIds: agents.filter((agent) => rolesOf(agent).includes('proxmox')).map(({ id }) => id),
  };
}

async function allContainers({ secrets }: Store, db: Db, siteId: string): Promise<ContainerRows[]> {
  const containers = await db.selectFrom('containers').selectAll().where('site_id', '=', siteId).execute();
  const services = await db.selectFrom('services').selectAll().where('site_id', '=', siteId).orderBy('id').execute();
  const names = await db
    .selectFrom('service_names')
    .select(['service_id', 'host', 'path', 'domain_id'])
    .where('site_id', '=', siteId)
    .orderBy('position')
    .execute();
  const certificates = await newestCertificates(db, siteId, 'names');
  return joined(containers, joinNames(services, names), certificates.map(opened(secrets)));
}

async function someContainers(
  { secrets }: Store,
  db: Db,
  siteId: string,
  ids: readonly string[],
): Promise<ContainerRows[]> {
  const found: ContainerRows[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const some = ids.slice(at, at + CHUNK);
    const containers = await db.selectFrom('containers').selectAll().where('id', 'in', some).execute();
    const services = await servicesOf(db, some);
    const hosts = services.flatMap(hostsOf);
    const certificates = hosts.length === 0 ? [] : await newestCertificates(db, siteId, 'names', hosts);
    found.push(...joined(containers, services, certificates.map(opened(secrets))));
  }
  return found;
}

function joined(
  containers: Row<'containers'>[],
  services: ServiceRow[],
  certificates: CertificateRow[],
): ContainerRows[] {
  const byContainer = Map.groupBy(services, (service) => service.container_id);
  const byName = new Map(
    certificates.map((certificate) => [`${certificate.domain_id} ${certificate.name}`, certificate]),
  );
  return containers.map((container) => {
    const own = byContainer.get(container.id) ?? [];
    const wanted = new Set(own.flatMap(domainsAndHosts));
    return { container, services: own, certificates: [...wanted].flatMap((key) => byName.get(key) ?? []) };
  });
}

/** The host names that a service may have a certificate for. */
function hostsOf(service: ServiceRow): string[] {
  return [...service.names.map(({ host }) => host), ...(service.sni_host ? [service.sni_host] : [])];
}

function domainsAndHosts(service: ServiceRow): string[] {
  const names = service.names.map(({ domain_id, host }) => `${domain_id} ${host}`);
  return service.sni_host ? [...names, `${service.domain_id} ${service.sni_host}`] : names;
}

function opened(secrets: Store['secrets']) {
  return (row: Row<'certificates'>): CertificateRow => ({ ...row, key_pem: certificateKey(secrets, row) });
}
