import type { HealthCheck } from '@berth/proto/agent/v1/resource_pb.js';

const LEAST_SECONDS = 5;
const MOST_SECONDS = 3600;

/** What is wrong with how a backend is to be looked at; undefined: nothing. */
export function objectToHealthCheck(check: HealthCheck | undefined): string | undefined {
  const { path = '', intervalSeconds = 0 } = check ?? {};
  if (path !== '' && !/^\/[!-~]{0,500}$/.test(path)) return 'the path of the health check is not printable ASCII';
  if (intervalSeconds === 0) return undefined;
  const fits = intervalSeconds >= LEAST_SECONDS && intervalSeconds <= MOST_SECONDS;
  return fits ? undefined : `the health check's interval is not ${LEAST_SECONDS}–${MOST_SECONDS} seconds`;
}
