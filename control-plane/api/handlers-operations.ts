import { GetOperationRequestSchema, type OperationsService } from '@berth/proto/api/v1/operations_pb.js';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { getOperation, listOperations } from '../app/operations/read-operations.ts';
import { logAfter } from '../store/operations.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { logLineShape, operationShape } from './operation-shape.ts';
import { watch } from './watch.ts';

/** Log lines in one message at most. */
const BATCH = 500;

/** Operations. */
export function operationHandlers(deps: ApiDeps): ServiceImpl<typeof OperationsService> {
  const { app } = deps;
  return {
    getOperation: async (request, context) => ({
      operation: operationShape(await getOperation(app, callerOf(context), request)),
    }),
    async listOperations(request, context) {
      const { rows, nextPageToken } = await listOperations(app, callerOf(context), request);
      return { operations: rows.map(operationShape), nextPageToken };
    },
    async *watchOperation(request, context) {
      let seq = Number(request.afterSeq);
      yield* watch(
        deps,
        context,
        (topic) => topic.id === request.operation,
        async (caller) => {
          const view = await getOperation(
            app,
            caller,
            create(GetOperationRequestSchema, { operation: request.operation }),
          );
          const lines = await logAfter(app.store.db, view.operation.id, seq, BATCH);
          seq = lines.at(-1)?.seq ?? seq;
          const news = [{ operation: operationShape(view), log: lines.map(logLineShape) }];
          // The log was read after the state, so with a short read nothing is left once the operation has ended.
          return { news, done: view.operation.finished_at !== null && lines.length < BATCH };
        },
      );
    },
  };
}
