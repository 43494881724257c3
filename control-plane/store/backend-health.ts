import type { BackendHealth } from '@berth/proto/agent/v1/session_pb.js';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

const CHUNK = 200;
const MAX_ERROR = 500;

/** What active agents last saw of the backends of some services, oldest agent first. */
export async function healthOf(db: Db, serviceIds: readonly string[]): Promise<Row<'backend_health'>[]> {
  if (serviceIds.length === 0) return [];
  return db
    .selectFrom('backend_health')
    .innerJoin('agents', 'agents.id', 'backend_health.agent_id')
    .selectAll('backend_health')
    .where('agents.status', '=', 'active')
    .where('service_id', 'in', serviceIds)
    .orderBy('agents.created_at')
    .execute();
}

/**
 * Takes what an agent saw of backends. Only services of its own site are taken; a route of a service that is gone is
 * passed over. Of a service with several names the first one speaks, for all of them lead to one backend. The containers
 * in which something changed are nudged.
 * @param full whether what the report does not name is not looked at any more
 */
export async function putBackendHealth(
  tx: Tx,
  from: { agentId: string; siteId: string },
  backends: readonly BackendHealth[],
  full: boolean,
): Promise<void> {
  const seen = byService(backends, tx.now);
  const named = new Set<string>();
  const ids = [...seen.keys()];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const some = ids.slice(at, at + CHUNK);
    const containers = await containersOf(tx.db, from.siteId, some);
    const before = new Map((await rowsOf(tx.db, from.agentId, some)).map((row) => [row.service_id, row]));
    for (const [id, containerId] of containers) {
      named.add(id);
      const row = { agent_id: from.agentId, service_id: id, ...(seen.get(id) as Seen) };
      if (await putOne(tx, before.get(id), row)) tx.nudge({ kind: 'container', id: containerId });
    }
  }
  if (full) await dropOthers(tx, from, named);
}

type Seen = Pick<Row<'backend_health'>, 'healthy' | 'error' | 'since'>;

/** First names' routes are called "<container>/<service>"; see desired/resources-of-container.ts. */
function byService(backends: readonly BackendHealth[], now: number): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const { route, healthy, error, since } of backends) {
    const id = /^ctr-[0-9a-z]+\/(svc-[0-9a-z]+)$/.exec(route)?.[1];
    if (id === undefined) continue;
    const at = since ? Math.min(timestampMs(since), now) : now;
    seen.set(id, { healthy: healthy ? 1 : 0, error: healthy ? '' : printable(error), since: Math.max(at, 0) });
  }
  return seen;
}

/** What a container answers may stand in it, so that it is cut and made one line. */
function printable(error: string): string {
  return error.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').slice(0, MAX_ERROR);
}

async function containersOf(db: Db, siteId: string, ids: string[]): Promise<Map<string, string>> {
  const query = db.selectFrom('services').select(['id', 'container_id']).where('site_id', '=', siteId);
  const rows = await query.where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, container_id }) => [id, container_id]));
}

function rowsOf(db: Db, agentId: string, ids: string[]): Promise<Row<'backend_health'>[]> {
  const query = db.selectFrom('backend_health').selectAll().where('agent_id', '=', agentId);
  return query.where('service_id', 'in', ids).execute();
}

/** @returns whether anything changed */
async function putOne(tx: Tx, before: Row<'backend_health'> | undefined, row: Row<'backend_health'>): Promise<boolean> {
  if (!before) {
    await tx.db.insertInto('backend_health').values(row).execute();
    return true;
  }
  if (before.healthy === row.healthy && before.error === row.error) return false;
  const { agent_id, service_id, ...set } = row;
  const query = tx.db.updateTable('backend_health').set(set).where('agent_id', '=', agent_id);
  await query.where('service_id', '=', service_id).execute();
  return true;
}

async function dropOthers(tx: Tx, { agentId }: { agentId: string }, named: ReadonlySet<string>): Promise<void> {
  const rows = await tx.db
    .selectFrom('backend_health')
    .innerJoin('services', 'services.id', 'backend_health.service_id')
    .select(['service_id', 'container_id'])
    .where('agent_id', '=', agentId)
    .execute();
  const gone = rows.filter(({ service_id }) => !named.has(service_id));
  for (let at = 0; at < gone.length; at += CHUNK) {
    const ids = gone.slice(at, at + CHUNK).map(({ service_id }) => service_id);
    const query = tx.db.deleteFrom('backend_health').where('agent_id', '=', agentId);
    await query.where('service_id', 'in', ids).execute();
  }
  for (const id of new Set(gone.map(({ container_id }) => container_id))) tx.nudge({ kind: 'container', id });
}
