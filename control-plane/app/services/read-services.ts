import type { GetServiceRequest, ListServicesRequest } from '@berth/proto/api/v1/services_pb.js';
import { type ServiceRow, withNames } from '../../store/services.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import type { ContainerView } from '../containers/container-views.ts';
import { viewOf } from '../containers/read-containers.ts';
import { findContainer, findService } from '../find.ts';
import { type Page, readPage } from '../page.ts';

/** A service with the container it belongs to. */
export interface ServiceView {
  service: ServiceRow;
  container: ContainerView;
}

/** Reads a service. */
export async function getService({ store }: AppDeps, caller: Caller, request: GetServiceRequest): Promise<ServiceView> {
  const { service, container } = await findService(
    store.db,
    caller,
    request.service,
    'service',
    'ServicesService.GetService',
  );
  return { service, container: await viewOf(store.db, caller, container) };
}

/** Lists the services of a container in the order they were made. */
export async function listServices(
  { store }: AppDeps,
  caller: Caller,
  request: ListServicesRequest,
): Promise<Page<ServiceView>> {
  const row = await findContainer(store.db, caller, request.container, 'container', 'ServicesService.ListServices');
  const page = await readPage(
    `services ${row.id}`,
    request,
    (service: ServiceRow) => service.id,
    async (key, limit) => {
      const query = store.db.selectFrom('services').selectAll().where('container_id', '=', row.id).orderBy('id');
      const rows = await (key === undefined ? query : query.where('id', '>', key)).limit(limit).execute();
      return withNames(store.db, rows);
    },
  );
  const container = await viewOf(store.db, caller, row);
  return { ...page, rows: page.rows.map((service) => ({ service, container })) };
}

/** The view of a service by identifier, for the answer to a write. */
export async function serviceById({ store }: AppDeps, caller: Caller, id: string): Promise<ServiceView> {
  const { service, container } = await findService(store.db, caller, id, 'service', 'ServicesService.GetService');
  return { service, container: await viewOf(store.db, caller, container) };
}
