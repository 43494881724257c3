import type { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import type { ServiceImpl } from '@connectrpc/connect';
import { getService, listServices, type ServiceView, serviceById } from '../app/services/read-services.ts';
import { createService, deleteService, updateService } from '../app/services/write-services.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { serviceShape } from './service-shape.ts';

/** Services of containers. */
export function serviceHandlers({ app }: ApiDeps): ServiceImpl<typeof ServicesService> {
  const shape = ({ service, container }: ServiceView) => serviceShape(service, container);
  return {
    async createService(request, context) {
      const caller = callerOf(context);
      return { service: shape(await serviceById(app, caller, await createService(app, caller, request))) };
    },
    getService: async (request, context) => ({ service: shape(await getService(app, callerOf(context), request)) }),
    async listServices(request, context) {
      const { rows, nextPageToken } = await listServices(app, callerOf(context), request);
      return { services: rows.map(shape), nextPageToken };
    },
    async updateService(request, context) {
      const caller = callerOf(context);
      return { service: shape(await serviceById(app, caller, await updateService(app, caller, request))) };
    },
    async deleteService(request, context) {
      await deleteService(app, callerOf(context), request);
      return {};
    },
  };
}
