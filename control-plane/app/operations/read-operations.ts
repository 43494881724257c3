import type { GetOperationRequest, ListOperationsRequest } from '@berth/proto/api/v1/operations_pb.js';
import type { SelectQueryBuilder } from 'kysely';
import { stepsOf } from '../../store/operations.ts';
import type { Database, Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { usernames } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { administeredSites, authorise, type Caller } from '../caller.ts';
import { findContainer, findOperation } from '../find.ts';
import { type Page, readPage } from '../page.ts';
import { visibleContainers } from '../roles.ts';

/** An operation with its steps. */
export interface OperationView {
  operation: Row<'operations'>;
  steps: Row<'operation_steps'>[];
  /** Login name. */
  requestedBy: string;
}

/** Reads an operation. */
export async function getOperation(
  { store }: AppDeps,
  caller: Caller,
  request: GetOperationRequest,
): Promise<OperationView> {
  return operationView(store.db, await findOperation(store.db, caller, request.operation, 'operation'));
}

/** Lists operations the caller may see, newest first; of a container that is gone, too. */
export async function listOperations(
  { store }: AppDeps,
  caller: Caller,
  request: ListOperationsRequest,
): Promise<Page<OperationView>> {
  authorise(caller, 'OperationsService.ListOperations');
  const containerId = await containerIdOf(store.db, caller, request.container);
  const page = await readPage(
    `operations ${containerId}`,
    request,
    (row: Row<'operations'>) => row.id,
    (key, limit) => {
      let query = store.db.selectFrom('operations').selectAll().orderBy('id', 'desc').limit(limit);
      if (containerId !== '') query = query.where('container_id', '=', containerId);
      query = visibleOperations(store.db, query, caller);
      if (key !== undefined) query = query.where('id', '<', key);
      return query.execute();
    },
  );
  return { ...page, rows: await operationViews(store.db, page.rows) };
}

/** What the caller asked for, what is about containers he has a role in, and what happened on sites he administers. */
function visibleOperations(
  db: Db,
  query: SelectQueryBuilder<Database, 'operations', Row<'operations'>>,
  caller: Caller,
): SelectQueryBuilder<Database, 'operations', Row<'operations'>> {
  const { token, userId } = caller;
  let narrowed = query;
  if (token?.siteId) narrowed = narrowed.where('site_id', '=', token.siteId);
  if (token?.containerId) narrowed = narrowed.where('container_id', '=', token.containerId);
  const sites = administeredSites(caller);
  if (sites === undefined) return narrowed;
  const seen = visibleContainers(db, db.selectFrom('containers').select('containers.id'), caller);
  return narrowed.where((row) =>
    row.or([
      row('user_id', '=', userId),
      row('container_id', 'in', seen),
      ...(sites.length > 0 ? [row('site_id', 'in', sites)] : []),
    ]),
  );
}

/** The view of one operation. */
export async function operationView(db: Db, operation: Row<'operations'>): Promise<OperationView> {
  const [view] = await operationViews(db, [operation]);
  return view ?? { operation, steps: [], requestedBy: '' };
}

/** The view of an operation by identifier, for the answer to a write. */
export async function operationById(db: Db, id: string): Promise<OperationView> {
  const row = await db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return operationView(db, row);
}

/** Operations outlive their container, so its identifier is taken as it is when one of them knows it. */
async function containerIdOf(db: Db, caller: Caller, reference: string): Promise<string> {
  if (reference === '') return '';
  const known = await db
    .selectFrom('operations')
    .select('container_id')
    .where('container_id', '=', reference)
    .executeTakeFirst();
  return known
    ? reference
    : (await findContainer(db, caller, reference, 'container', 'OperationsService.ListOperations')).id;
}

async function operationViews(db: Db, operations: readonly Row<'operations'>[]): Promise<OperationView[]> {
  const ids = operations.map(({ id }) => id);
  const steps = await stepsOf(db, ids);
  const names = await usernames(
    db,
    operations.map(({ user_id }) => user_id),
  );
  return operations.map((operation) => ({
    operation,
    steps: steps.filter(({ operation_id }) => operation_id === operation.id),
    requestedBy: names.get(operation.user_id) ?? '',
  }));
}
