import {
  ContainerSchema,
  type ContainersService,
  GetContainerRequestSchema,
  type WatchContainerRequest,
  type WatchContainerResponse,
  WatchContainerResponseSchema,
} from '@berth/proto/api/v1/containers_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type { ContainerView } from '../app/containers/container-views.ts';
import { createContainerVerb } from '../app/containers/create.ts';
import { deleteContainerVerb } from '../app/containers/delete.ts';
import { startContainerVerb, stopContainerVerb } from '../app/containers/power.ts';
import { getContainer, listContainers, viewById } from '../app/containers/read-containers.ts';
import { updateContainerVerb } from '../app/containers/update.ts';
import { operationById } from '../app/operations/read-operations.ts';
import { containerById } from '../store/containers.ts';
import { callerOf } from './caller-context.ts';
import { containerShape } from './container-shape.ts';
import type { ApiDeps } from './deps.ts';
import { operationShape } from './operation-shape.ts';
import { watch } from './watch.ts';

/** Containers. */
export function containerHandlers(deps: ApiDeps): ServiceImpl<typeof ContainersService> {
  const { app } = deps;
  const shape = shaper(deps);
  const operation = async (id: string) => operationShape(await operationById(app.store.db, id));
  const container = async (id: string, context: HandlerContext) => {
    const view = await viewById(app.store.db, callerOf(context), id);
    // A repeated create may find its container gone; the operation tells what became of it.
    return view ? shape(view) : create(ContainerSchema, { id });
  };
  return {
    async createContainer(request, context) {
      const { outcome } = await createContainerVerb(app, callerOf(context), request);
      return { container: await container(outcome.container, context), operation: await operation(outcome.operation) };
    },
    getContainer: async (request, context) => ({
      container: shape(await getContainer(app, callerOf(context), request)),
    }),
    async listContainers(request, context) {
      const { rows, nextPageToken } = await listContainers(app, callerOf(context), request);
      return { containers: rows.map(shape), nextPageToken };
    },
    async updateContainer(request, context) {
      const made = await updateContainerVerb(app, callerOf(context), request);
      const under = made.operation === undefined ? {} : { operation: await operation(made.operation) };
      return { container: await container(made.container, context), ...under };
    },
    deleteContainer: async (request, context) => ({
      operation: await operation(await deleteContainerVerb(app, callerOf(context), request)),
    }),
    startContainer: async (request, context) => ({
      operation: await operation(await startContainerVerb(app, callerOf(context), request)),
    }),
    stopContainer: async (request, context) => ({
      operation: await operation(await stopContainerVerb(app, callerOf(context), request)),
    }),
    watchContainer: (request, context) => watchContainer(deps, request, context),
  };
}

function shaper({ app, fleetStartedAt }: ApiDeps) {
  return (view: ContainerView) => containerShape(view, { now: app.clock.now(), fleetStartedAt: fleetStartedAt() });
}

async function* watchContainer(
  deps: ApiDeps,
  request: WatchContainerRequest,
  context: HandlerContext,
): AsyncIterable<WatchContainerResponse> {
  const { store } = deps.app;
  const first = await getContainer(
    deps.app,
    callerOf(context),
    create(GetContainerRequestSchema, { container: request.container }),
  );
  const { id, site_id: siteId } = first.container;
  const shape = shaper(deps);
  let last = '';
  yield* watch(
    deps,
    context,
    (topic) => topic.id === id || topic.id === siteId || topic.kind === 'agent',
    async (caller) => {
      const row = await containerById(store.db, id);
      if (!row) return { news: [gone(id)], done: true };
      const view = await getContainer(deps.app, caller, create(GetContainerRequestSchema, { container: id }));
      const response = create(WatchContainerResponseSchema, { container: shape(view) });
      const bytes = Buffer.from(toBinary(WatchContainerResponseSchema, response)).toString('base64');
      const news = bytes === last ? [] : [response];
      last = bytes;
      return { news, done: false };
    },
  );
}

function gone(id: string): WatchContainerResponse {
  return create(WatchContainerResponseSchema, { container: { id }, deleted: true });
}
