/** The role of a caller in containers: what the policy's table asks for is compared with it. */
import type { SelectQueryBuilder } from 'kysely';
import { CONTAINER_ROLES, type ContainerRole, greaterRole, policy, type Rpc, roleIncludes } from '../auth/policy.ts';
import { AppError } from '../errors.ts';
import type { Database, Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import { administeredSites, administersSite, type Caller } from './caller.ts';

type Located = Pick<Row<'containers'>, 'id' | 'site_id' | 'owner_id'>;

/** The caller's role in a container, the greatest of those he has; undefined when he has none. */
export async function roleIn(db: Db, caller: Caller, container: Located): Promise<ContainerRole | undefined> {
  if (!withinToken(caller, container)) return undefined;
  if (caller.userId === container.owner_id) return 'owner';
  if (administersSite({ ...caller, token: undefined }, container.site_id)) return 'owner';
  const rows = await db
    .selectFrom('container_members')
    .select('role')
    .where('container_id', '=', container.id)
    .where((row) => row.or([row('user_id', '=', caller.userId), row('group_id', 'in', caller.groupIds)]))
    .execute();
  return rows.reduce<ContainerRole | undefined>((best, { role }) => greaterRole(best, role), undefined);
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

function withinToken({ token }: Caller, container: Located): boolean {
  if (token?.containerId) return token.containerId === container.id;
  return !token?.siteId || token.siteId === container.site_id;
}

/** Narrows a query over containers to those in which the caller has any role. */
export function visibleContainers<O>(
  query: SelectQueryBuilder<Database, 'containers', O>,
  caller: Caller,
): SelectQueryBuilder<Database, 'containers', O> {
  const { token } = caller;
  let narrowed = query;
  if (token?.siteId) narrowed = narrowed.where('containers.site_id', '=', token.siteId);
  if (token?.containerId) narrowed = narrowed.where('containers.id', '=', token.containerId);
  const sites = administeredSites({ ...caller, token: undefined });
  if (sites === undefined) return narrowed;
  return narrowed.where((row) =>
    row.or([
      row('containers.owner_id', '=', caller.userId),
      ...(sites.length > 0 ? [row('containers.site_id', 'in', sites)] : []),
      row(
        'containers.id',
        'in',
        row
          .selectFrom('container_members')
          .select('container_id')
          .where((member) =>
            member.or([member('user_id', '=', caller.userId), member('group_id', 'in', caller.groupIds)]),
          ),
      ),
    ]),
  );
}
