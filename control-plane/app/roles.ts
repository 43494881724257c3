/** The role of a caller in containers: what the policy's table asks for is compared with it. */
import type { SelectQueryBuilder } from 'kysely';
import { CONTAINER_ROLES, type ContainerRole, greaterRole, policy, type Rpc, roleIncludes } from '../auth/policy.ts';
import { AppError } from '../errors.ts';
import type { Database, Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import { administeredSites, type Caller, type Rights } from './caller.ts';

type Located = Pick<Row<'containers'>, 'id' | 'site_id' | 'owner_id'>;

/** The caller's role in a container, the greatest of those he has; undefined when he has none. */
export async function roleIn(db: Db, caller: Rights, container: Located): Promise<ContainerRole | undefined> {
  return (await rolesIn(db, caller, [container])).get(container.id);
}

/**
 * Refuses a caller whose role does not suffice for an RPC.
 * @throws AppError "role_required"
 */
export function authoriseRole(role: ContainerRole, rpc: Rpc): void {
  const { who } = policy[rpc];
  const wanted = CONTAINER_ROLES.find((known) => known === who);
  if (!wanted || roleIncludes(role, wanted)) return;
  throw new AppError('permission_denied', {
    reason: 'role_required',
    message: `You are ${role} of this container; this takes its ${wanted}.`,
  });
}

function withinToken({ token }: Rights, container: Located): boolean {
  if (token?.containerId) return token.containerId === container.id;
  return !token?.siteId || token.siteId === container.site_id;
}

/** The greatest role a caller has in each of some containers; those in which he has none are missing. */
export async function rolesIn(
  db: Db,
  caller: Rights,
  containers: readonly Located[],
): Promise<Map<string, ContainerRole>> {
  const roles = new Map<string, ContainerRole>();
  const administered = administeredSites({ ...caller, token: undefined });
  const seen = containers.filter((container) => withinToken(caller, container));
  for (const { id, owner_id, site_id } of seen) {
    if (owner_id === caller.userId || (administered?.includes(site_id) ?? true)) roles.set(id, 'owner');
  }
  const others = seen.filter(({ id }) => !roles.has(id)).map(({ id }) => id);
  if (others.length === 0) return roles;
  const rows = await db
    .selectFrom('container_members')
    .select(['container_id', 'role'])
    .where('container_id', 'in', others)
    .where((row) => row.or([row('user_id', '=', caller.userId), row('group_id', 'in', caller.groupIds)]))
    .execute();
  for (const { container_id: id, role } of rows) roles.set(id, greaterRole(roles.get(id), role));
  return roles;
}

/** The containers that the caller owns himself, as far as his token reaches. */
export function ownedContainers(db: Db, caller: Caller) {
  const query = db.selectFrom('containers').select('containers.id').where('containers.owner_id', '=', caller.userId);
  return reachedByToken(query, caller);
}

/** The containers in which the caller, or a group he belongs to, is a member. */
export function sharedContainers(db: Db, { userId, groupIds }: Caller) {
  return db
    .selectFrom('container_members')
    .select('container_id')
    .where((member) => member.or([member('user_id', '=', userId), member('group_id', 'in', groupIds)]));
}

function reachedByToken<O>(query: SelectQueryBuilder<Database, 'containers', O>, { token }: Caller) {
  let narrowed = query;
  if (token?.siteId) narrowed = narrowed.where('containers.site_id', '=', token.siteId);
  if (token?.containerId) narrowed = narrowed.where('containers.id', '=', token.containerId);
  return narrowed;
}

/** Narrows a query over containers to those in which the caller has any role. */
export function visibleContainers<O>(
  db: Db,
  query: SelectQueryBuilder<Database, 'containers', O>,
  caller: Caller,
): SelectQueryBuilder<Database, 'containers', O> {
  const narrowed = reachedByToken(query, caller);
  const sites = administeredSites({ ...caller, token: undefined });
  if (sites === undefined) return narrowed;
  return narrowed.where((row) =>
    row.or([
      row('containers.owner_id', '=', caller.userId),
      ...(sites.length > 0 ? [row('containers.site_id', 'in', sites)] : []),
      row('containers.id', 'in', sharedContainers(db, caller)),
    ]),
  );
}
