import { Health, HealthCheckResponse_ServingStatus as Status } from '@berth/proto/grpc/health/v1/health_pb.js';
import type { DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';

/** Whether the server can do its work now. */
export type Readiness = () => Promise<boolean>;

const LOOK_MS = 1_000;

/** Serves gRPC health checking for `services` and, with an empty name, for the server as a whole. */
export function registerHealth(router: ConnectRouter, services: readonly DescService[], ready: Readiness): void {
  const known = new Set(['', ...services.map(({ typeName }) => typeName)]);
  const status = async () => ((await ready().catch(() => false)) ? Status.SERVING : Status.NOT_SERVING);
  router.service(Health, {
    async check({ service }) {
      if (!known.has(service)) throw new ConnectError(`There is no service "${service}".`, Code.NotFound);
      return { status: await status() };
    },
    async *watch({ service }, { signal }) {
      let last: Status | undefined;
      while (!signal.aborted) {
        const now = known.has(service) ? await status() : Status.SERVICE_UNKNOWN;
        if (now !== last) yield { status: now };
        last = now;
        await pause(LOOK_MS, signal);
      }
    },
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
