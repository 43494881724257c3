import {
  ContainerSelection,
  type GetContainerRequest,
  type ListContainersRequest,
} from '@berth/proto/api/v1/containers_pb.js';
import type { SelectQueryBuilder } from 'kysely';
import { invalid } from '../../errors.ts';
import type { Database, Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findContainer, findSiteIfNamed } from '../find.ts';
import { type Page, readPage } from '../page.ts';
import { sharedContainers, visibleContainers } from '../roles.ts';
import { type ContainerView, containerViews } from './container-views.ts';

/** Reads a container. */
export async function getContainer(
  { store }: AppDeps,
  caller: Caller,
  request: GetContainerRequest,
): Promise<ContainerView> {
  const rpc = 'ContainersService.GetContainer';
  return viewOf(store.db, caller, await findContainer(store.db, caller, request.container, 'container', rpc));
}

/** Lists the containers the caller may see, newest first. */
export async function listContainers(
  { store }: AppDeps,
  caller: Caller,
  request: ListContainersRequest,
): Promise<Page<ContainerView>> {
  authorise(caller, 'ContainersService.ListContainers');
  checkSelection(request.selection);
  const site = await findSiteIfNamed(store.db, request.site, 'site');
  const list = `containers ${site?.id ?? ''} ${request.selection}`;
  const page = await readPage(
    list,
    request,
    (row: Row<'containers'>) => row.id,
    (key, limit) => {
      let query = store.db.selectFrom('containers').selectAll().orderBy('id', 'desc').limit(limit);
      if (site) query = query.where('site_id', '=', site.id);
      query = visibleContainers(store.db, query, caller);
      query = selected(store.db, query, caller, request.selection);
      if (key !== undefined) query = query.where('id', '<', key);
      return query.execute();
    },
  );
  return { ...page, rows: await containerViews(store.db, caller, page.rows) };
}

function checkSelection(selection: ContainerSelection): void {
  if (selection in ContainerSelection) return;
  throw invalid([{ field: 'selection', description: 'must be all, owned or shared' }]);
}

function selected(
  db: Db,
  query: SelectQueryBuilder<Database, 'containers', Row<'containers'>>,
  caller: Caller,
  selection: ContainerSelection,
) {
  switch (selection) {
    case ContainerSelection.OWNED:
      return query.where('owner_id', '=', caller.userId);
    case ContainerSelection.SHARED:
      return query.where('owner_id', '!=', caller.userId).where('id', 'in', sharedContainers(db, caller));
    default:
      return query;
  }
}

/** The view of one container. */
export async function viewOf(db: Db, caller: Caller, container: Row<'containers'>): Promise<ContainerView> {
  const [view] = await containerViews(db, caller, [container]);
  if (!view) throw new Error(`container ${container.id} has lost its site or node`);
  return view;
}

/** The view of a container by identifier, or undefined when it is gone. */
export async function viewById(db: Db, caller: Caller, id: string): Promise<ContainerView | undefined> {
  const row = await db.selectFrom('containers').selectAll().where('id', '=', id).executeTakeFirst();
  return row && viewOf(db, caller, row);
}
