/**
 * Finding what a request refers to, by identifier or by name. What is not there, and what the caller may not know to
 * be there, is the same error, naming the field that referred to it.
 */
import type { Rpc } from '../auth/policy.ts';
import { notFound } from '../errors.ts';
import { groupByReference } from '../store/groups.ts';
import type { Row } from '../store/schema.ts';
import { type ServiceRow, serviceById } from '../store/services.ts';
import type { Db } from '../store/store.ts';
import { userByReference } from '../store/users.ts';
import { administersSite, authorise, authoriseSite, type Caller } from './caller.ts';
import { authoriseRole, roleIn } from './roles.ts';
import { referenceFault } from './validate/text.ts';
import { Violations } from './validate/violations.ts';

function checkReference(field: string, reference: string): void {
  const found = new Violations();
  found.check(field, referenceFault(reference));
  found.refuse();
}

/** A site by identifier or name. @throws AppError "site_not_found" */
export async function findSite(db: Db, reference: string, field: string): Promise<Row<'sites'>> {
  checkReference(field, reference);
  const row = await db
    .selectFrom('sites')
    .selectAll()
    .where((where) => where.or([where('id', '=', reference), where('name', '=', reference)]))
    .executeTakeFirst();
  if (!row) throw notFound('site', reference, field);
  return row;
}

/** A person by identifier or login name. Whether the caller may know of him is the policy's. @throws "user_not_found" */
export async function findUser(db: Db, reference: string, field: string): Promise<Row<'users'>> {
  checkReference(field, reference);
  const row = await userByReference(db, reference);
  if (!row) throw notFound('user', reference, field);
  return row;
}

/** A group by identifier or name. @throws AppError "group_not_found" */
export async function findGroup(db: Db, reference: string, field: string): Promise<Row<'groups'>> {
  checkReference(field, reference);
  const row = await groupByReference(db, reference);
  if (!row) throw notFound('group', reference, field);
  return row;
}

/** A site, or undefined when none is named. */
export async function findSiteIfNamed(db: Db, reference: string, field: string): Promise<Row<'sites'> | undefined> {
  return reference === '' ? undefined : await findSite(db, reference, field);
}

/** A node by identifier or "site/name". @throws AppError "node_not_found" */
export async function findNode(db: Db, reference: string, field: string): Promise<Row<'nodes'>> {
  checkReference(field, reference);
  const [site = '', name] = split(reference);
  const row = await db
    .selectFrom('nodes')
    .innerJoin('sites', 'sites.id', 'nodes.site_id')
    .selectAll('nodes')
    .where((where) =>
      name === undefined
        ? where('nodes.id', '=', reference)
        : where.and([
            where('nodes.name', '=', name),
            where.or([where('sites.id', '=', site), where('sites.name', '=', site)]),
          ]),
    )
    .executeTakeFirst();
  if (!row) throw notFound('node', reference, field);
  return row;
}

/** A site that the caller administers, for a call of an RPC. @throws AppError "site_administrator_required" */
export async function findSiteToAdminister(
  db: Db,
  caller: Caller,
  reference: string,
  field: string,
  rpc: Rpc,
): Promise<Row<'sites'>> {
  authorise(caller, rpc);
  const site = await findSite(db, reference, field);
  authoriseSite(caller, rpc, site.id);
  return site;
}

/** A node of a site that the caller administers, for a call of an RPC. */
export async function findNodeToAdminister(
  db: Db,
  caller: Caller,
  reference: string,
  field: string,
  rpc: Rpc,
): Promise<Row<'nodes'>> {
  authorise(caller, rpc);
  const node = await findNode(db, reference, field);
  authoriseSite(caller, rpc, node.site_id);
  return node;
}

/** An agent of a site that the caller administers, by identifier. @throws AppError "agent_not_found" */
export async function findAgent(db: Db, caller: Caller, id: string, field: string, rpc: Rpc): Promise<Row<'agents'>> {
  authorise(caller, rpc);
  checkReference(field, id);
  const row = await db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row || !administersSite(caller, row.site_id)) throw notFound('agent', id, field);
  return row;
}

/**
 * A container by identifier or "site/hostname", for a call of an RPC.
 * @throws AppError "container_not_found" when the caller has no role in it, "role_required" when it does not suffice
 */
export async function findContainer(
  db: Db,
  caller: Caller,
  reference: string,
  field: string,
  rpc: Rpc,
): Promise<Row<'containers'>> {
  checkReference(field, reference);
  const [site = '', name] = split(reference);
  const row = await db
    .selectFrom('containers')
    .innerJoin('sites', 'sites.id', 'containers.site_id')
    .selectAll('containers')
    .where((where) =>
      name === undefined
        ? where('containers.id', '=', reference)
        : where.and([
            where('containers.hostname', '=', name),
            where.or([where('sites.id', '=', site), where('sites.name', '=', site)]),
          ]),
    )
    .executeTakeFirst();
  const role = row && (await roleIn(db, caller, row));
  if (!row || !role) throw notFound('container', reference, field);
  authoriseRole(role, rpc);
  return row;
}

/** A service by identifier, for a call of an RPC. @throws AppError "service_not_found", "role_required" */
export async function findService(
  db: Db,
  caller: Caller,
  id: string,
  field: string,
  rpc: Rpc,
): Promise<{ service: ServiceRow; container: Row<'containers'> }> {
  checkReference(field, id);
  const service = await serviceById(db, id);
  const container =
    service &&
    (await db.selectFrom('containers').selectAll().where('id', '=', service.container_id).executeTakeFirst());
  const role = container && (await roleIn(db, caller, container));
  if (!service || !container || !role) throw notFound('service', id, field);
  authoriseRole(role, rpc);
  return { service, container };
}

/**
 * An operation, if the caller asked for it or has a role in its container. Without a container any more, those who
 * administer its site see it too.
 * @throws AppError "operation_not_found"
 */
export async function findOperation(db: Db, caller: Caller, id: string, field: string): Promise<Row<'operations'>> {
  checkReference(field, id);
  const row = await db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row || !(await maySee(db, caller, row))) throw notFound('operation', id, field);
  return row;
}

async function maySee(db: Db, caller: Caller, operation: Row<'operations'>): Promise<boolean> {
  const { token, userId } = caller;
  if (token?.containerId && token.containerId !== operation.container_id) return false;
  if (token?.siteId && token.siteId !== operation.site_id) return false;
  if (operation.user_id === userId || administersSite(caller, operation.site_id)) return true;
  const { container_id: id } = operation;
  const container = await db.selectFrom('containers').selectAll().where('id', '=', id).executeTakeFirst();
  return container !== undefined && (await roleIn(db, caller, container)) !== undefined;
}

function split(reference: string): [string, string | undefined] {
  const slash = reference.indexOf('/');
  return slash < 0 ? [reference, undefined] : [reference.slice(0, slash), reference.slice(slash + 1)];
}
