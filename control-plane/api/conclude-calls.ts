import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { callerKey } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

/** A call that has ended. */
export interface EndedCall {
  /** e.g. "ContainersService.CreateContainer"; with its package where it is none of the API's own. */
  rpc: string;
  /** "ok" or the code of its error in snake case, e.g. "not_found"; "canceled" when the caller left. */
  code: string;
  /** Stable reason of its error, e.g. "wrong_credentials"; empty without. */
  reason: string;
  via: 'api' | 'page';
  stream: boolean;
  seconds: number;
}

/** At its end every call is one line of the log, and counts. */
export function concludeCalls({ log, onCall }: Pick<ApiDeps, 'log' | 'onCall'>, via: 'api' | 'page'): Interceptor {
  return (next) => async (request) => {
    const began = performance.now();
    const rpc = nameOf(request.service.typeName, request.method.name);
    const { stream } = request;
    const end = (code: string, reason = '') => {
      const seconds = (performance.now() - began) / 1000;
      const userId = request.contextValues.get(callerKey)?.userId;
      const line = { rpc, code, durationMs: Math.round(seconds * 1000), via, userId };
      // A page's own calls are told by the page's line, and those who ask for health ask all the time.
      if (via === 'page' || rpc.startsWith('grpc.health.')) log.debug(line, 'call');
      else log.info(line, 'call');
      onCall?.({ rpc, code, reason, via, stream, seconds });
    };
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: followed(response.message, end) };
      end('ok');
      return response;
    } catch (error) {
      end(codeOf(error), reasonOf(error));
      throw error;
    }
  };
}

/** A stream ends when it is read to its end, fails, or is left by its reader. */
async function* followed<T>(messages: AsyncIterable<T>, end: (code: string) => void): AsyncIterable<T> {
  let code = 'canceled';
  try {
    yield* messages;
    code = 'ok';
  } catch (error) {
    code = codeOf(error);
    throw error;
  } finally {
    end(code);
  }
}

function reasonOf(error: unknown): string {
  return ConnectError.from(error).findDetails(ErrorDetailSchema)[0]?.reason ?? '';
}

function codeOf(error: unknown): string {
  const name = Code[ConnectError.from(error).code] ?? 'Unknown';
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

function nameOf(service: string, method: string): string {
  return `${service.replace(/^berth\.api\.v1\./, '')}.${method}`;
}
