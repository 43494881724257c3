import type { ContainerRole } from '../../auth/policy.ts';
import { healthOf } from '../../store/backend-health.ts';
import { certificatesOf, type NameCertificate } from '../../store/name-certificates.ts';
import type { Row } from '../../store/schema.ts';
import type { ServiceRow } from '../../store/services.ts';
import { servicesOf } from '../../store/services.ts';
import type { Db } from '../../store/store.ts';
import { usernames } from '../../store/users.ts';
import type { Caller } from '../caller.ts';
import { rolesIn } from '../roles.ts';
import { groupNames } from '../services/group-names.ts';

/** A container with every row that says how far it is; read for a whole page at once. */
export interface ContainerView {
  container: Row<'containers'>;
  site: Row<'sites'>;
  node: Row<'nodes'>;
  /** Login name. */
  owner: string;
  services: ServiceRow[];
  /** Names of the groups that services ask for, by identifier. */
  groupNames: ReadonlyMap<string, string>;
  /** What ingress hosts last saw of the services' backends. */
  health: Row<'backend_health'>[];
  /** By name. */
  certificates: ReadonlyMap<string, NameCertificate>;
  guest: Row<'guest_states'> | undefined;
  lease: Row<'leases'> | undefined;
  conditions: Row<'conditions'>[];
  /** Active agents of its site, oldest first. */
  agents: Row<'agents'>[];
  /** Revision since which its resources stand in the desired state, while it is created. */
  reservedRevision: number;
  /** What whoever looks may do with it; undefined when that is nothing any more. */
  role: ContainerRole | undefined;
}

/** Reads what belongs to some containers, for whoever looks. */
export async function containerViews(
  db: Db,
  caller: Caller,
  containers: readonly Row<'containers'>[],
): Promise<ContainerView[]> {
  if (containers.length === 0) return [];
  const ids = containers.map(({ id }) => id);
  const siteIds = distinct(containers, 'site_id');
  const sites = await db.selectFrom('sites').selectAll().where('id', 'in', siteIds).execute();
  const nodes = await db.selectFrom('nodes').selectAll().where('id', 'in', distinct(containers, 'node_id')).execute();
  const owners = await usernames(db, distinct(containers, 'owner_id'));
  const services = await servicesOf(db, ids);
  const ingress = await ingressOf(db, services);
  const guests = await db.selectFrom('guest_states').selectAll().where('container_id', 'in', ids).execute();
  const leases = await leasesOf(db, siteIds, distinct(containers, 'mac'));
  const conditions = await db
    .selectFrom('conditions')
    .selectAll()
    .where('container_id', 'in', ids)
    .orderBy('since', 'desc')
    .execute();
  const agents = await activeAgents(db, siteIds);
  const revisions = await reservedRevisions(db, containers);
  const roles = await rolesIn(db, caller, containers);
  return containers.flatMap((container) => {
    const site = sites.find(({ id }) => id === container.site_id);
    const node = nodes.find(({ id }) => id === container.node_id);
    if (!site || !node) return [];
    return {
      container,
      site,
      node,
      owner: owners.get(container.owner_id) ?? '',
      services: services.filter(({ container_id }) => container_id === container.id),
      ...ingress,
      guest: guests.find(({ container_id }) => container_id === container.id),
      lease: leases.find(({ site_id, mac }) => site_id === site.id && mac === container.mac),
      conditions: conditions.filter(({ container_id }) => container_id === container.id),
      agents: agents.filter(({ site_id }) => site_id === site.id),
      reservedRevision: revisions.get(container.id) ?? 0,
      role: roles.get(container.id),
    };
  });
}

/** What else is shown of services; all of them share it, and each takes its own. */
async function ingressOf(db: Db, services: readonly ServiceRow[]) {
  return {
    groupNames: await groupNames(db, services),
    health: await healthOf(
      db,
      services.map(({ id }) => id),
    ),
    certificates: await certificatesOf(db, services),
  };
}

function distinct<K extends keyof Row<'containers'>>(rows: readonly Row<'containers'>[], column: K) {
  return [...new Set(rows.map((row) => row[column]))];
}

function leasesOf(db: Db, siteIds: string[], macs: string[]): Promise<Row<'leases'>[]> {
  return db.selectFrom('leases').selectAll().where('site_id', 'in', siteIds).where('mac', 'in', macs).execute();
}

function activeAgents(db: Db, siteIds: string[]): Promise<Row<'agents'>[]> {
  return db
    .selectFrom('agents')
    .selectAll()
    .where('site_id', 'in', siteIds)
    .where('status', '=', 'active')
    .orderBy('created_at')
    .execute();
}

/** Only a container that is being created can be ahead of its agents in a way worth telling. */
async function reservedRevisions(db: Db, containers: readonly Row<'containers'>[]): Promise<Map<string, number>> {
  const active = containers.filter(({ phase }) => phase === 'creating').map((row) => row.active_operation_id ?? '');
  if (active.length === 0) return new Map();
  const rows = await db.selectFrom('operations').select(['container_id', 'data']).where('id', 'in', active).execute();
  return new Map(
    rows.map((row) => [
      row.container_id,
      (JSON.parse(row.data) as { reservedRevision?: number }).reservedRevision ?? 0,
    ]),
  );
}
