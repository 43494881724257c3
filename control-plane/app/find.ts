/**
 * Finding what a request refers to, by identifier or by name. What is not there, and what the caller may not know to
 * be there, is the same error, naming the field that referred to it.
 */
import { notFound } from '../errors.ts';
import type { Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import { type Caller, mayHandle } from './caller.ts';
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

/** An agent by identifier. @throws AppError "agent_not_found" */
export async function findAgent(db: Db, id: string, field: string): Promise<Row<'agents'>> {
  checkReference(field, id);
  const row = await db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound('agent', id, field);
  return row;
}

/** A container by identifier or "site/hostname", if the caller may handle it. @throws AppError "container_not_found" */
export async function findContainer(
  db: Db,
  caller: Caller,
  reference: string,
  field: string,
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
  if (!row || !mayHandle(caller, row.owner_id)) throw notFound('container', reference, field);
  return row;
}

/** A service by identifier, if the caller may handle its container. @throws AppError "service_not_found" */
export async function findService(
  db: Db,
  caller: Caller,
  id: string,
  field: string,
): Promise<{ service: Row<'services'>; container: Row<'containers'> }> {
  checkReference(field, id);
  const service = await db.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
  const container =
    service &&
    (await db.selectFrom('containers').selectAll().where('id', '=', service.container_id).executeTakeFirst());
  if (!service || !container || !mayHandle(caller, container.owner_id)) throw notFound('service', id, field);
  return { service, container };
}

/**
 * An operation, if the caller asked for it or may handle its container.
 * @throws AppError "operation_not_found"
 */
export async function findOperation(db: Db, caller: Caller, id: string, field: string): Promise<Row<'operations'>> {
  checkReference(field, id);
  const row = await db
    .selectFrom('operations')
    .leftJoin('containers', 'containers.id', 'operations.container_id')
    .selectAll('operations')
    .select('containers.owner_id')
    .where('operations.id', '=', id)
    .executeTakeFirst();
  if (!row || !(mayHandle(caller, row.user_id) || mayHandle(caller, row.owner_id ?? ''))) {
    throw notFound('operation', id, field);
  }
  return row;
}

function split(reference: string): [string, string | undefined] {
  const slash = reference.indexOf('/');
  return slash < 0 ? [reference, undefined] : [reference.slice(0, slash), reference.slice(slash + 1)];
}
