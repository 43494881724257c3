import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { AppError, type ErrorCode, unexpected } from '../errors.ts';
import type { Logger } from '../log.ts';
import { requestIdKey } from './caller-context.ts';

const CODES: Record<ErrorCode, Code> = {
  invalid_argument: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  resource_exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  deadline_exceeded: Code.DeadlineExceeded,
  internal: Code.Internal,
};

/**
 * Shapes every failure of a call: what a verb says goes to the caller with its reason and fields, what nobody expected
 * goes to the log with its cause and to the caller as a bare "internal" with the request's identifier.
 */
export function shapeErrors(log: Logger): Interceptor {
  return (next) => async (request) => {
    const requestId = request.contextValues.get(requestIdKey);
    const rpc = `${request.service.typeName}/${request.method.name}`;
    const shape = (error: unknown) => shapeError(error, { requestId, rpc, log });
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: guarded(response.message, shape) };
    } catch (error) {
      throw shape(error);
    }
  };
}

/** A stream's failures come while it is read, after the call itself has returned. */
async function* guarded<T>(messages: AsyncIterable<T>, shape: (error: unknown) => ConnectError): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw shape(error);
  }
}

interface Failing {
  requestId: string;
  rpc: string;
  log: Logger;
}

function shapeError(error: unknown, { requestId, rpc, log }: Failing): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof AppError && error.code !== 'internal') return withDetail(error, requestId);
  log.error({ err: error, requestId, rpc }, 'a call failed unexpectedly');
  return withDetail(unexpected(requestId, error), requestId);
}

function withDetail(error: AppError, requestId: string): ConnectError {
  const detail = {
    desc: ErrorDetailSchema,
    value: {
      reason: error.reason,
      message: error.message,
      fieldViolations: error.violations.map(({ field, description }) => ({ field, description })),
      requestId,
    },
  };
  const headers = {
    'x-request-id': requestId,
    ...(error.retryAfterSeconds !== undefined && { 'retry-after': String(error.retryAfterSeconds) }),
  };
  return new ConnectError(error.message, CODES[error.code], headers, [detail], error);
}
