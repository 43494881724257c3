import { SignInBy } from '@berth/proto/agent/v1/resource_pb.js';
import type { ServiceOptions, SignInOptions } from '../store/service-options.ts';

/** What browsers show when they ask for name and password. */
const REALM = 'This page';

const BY: Record<SignInOptions['require'], SignInBy> = {
  nobody: SignInBy.NOBODY,
  members: SignInBy.BERTH,
  groups: SignInBy.BERTH,
  anybody: SignInBy.BERTH,
  oauth2_proxy: SignInBy.OAUTH2_PROXY,
};

/**
 * What a service's options are on an nginx host. Pure. What is not wanted is absent, so that services of which nothing
 * is wanted look alike. Whose membership lets in does not leave the control plane: the host only asks it.
 */
export function httpOptions(serviceId: string, options: ServiceOptions) {
  const { plainHttp, maxBodyBytes, timeoutSeconds, gzip, stripPath, requestHeaders, responseHeaders } = options;
  return {
    ...{ plainHttp, timeoutSeconds, gzip, stripPath, requestHeaders, responseHeaders },
    maxBodyBytes: BigInt(maxBodyBytes),
    ...accessOf(options),
    ...rateLimitOf(options),
    ...basicAuthOf(options),
    ...(options.maintenance ? { maintenance: { text: options.maintenanceText } } : {}),
    ...healthCheckOf(options),
    ...signInOf(serviceId, options.signIn),
  };
}

/** Who may come by address; nothing when that is everybody. */
export function accessOf({ allow, deny }: Pick<ServiceOptions, 'allow' | 'deny'>) {
  return allow.length + deny.length > 0 ? { access: { allow, deny } } : {};
}

function rateLimitOf({ requestsPerSecond, burst, connections }: ServiceOptions) {
  return requestsPerSecond + connections > 0 ? { rateLimit: { requestsPerSecond, burst, connections } } : {};
}

function basicAuthOf({ basicAuth }: ServiceOptions) {
  if (basicAuth.length === 0) return {};
  return { basicAuth: { realm: REALM, users: basicAuth.map(({ name, hash }) => ({ name, passwordHash: hash })) } };
}

function healthCheckOf({ healthPath: path, healthIntervalSeconds: intervalSeconds }: ServiceOptions) {
  return path === '' && intervalSeconds === 0 ? {} : { healthCheck: { path, intervalSeconds } };
}

function signInOf(serviceId: string, { require, openPaths }: SignInOptions) {
  return require === 'nobody' ? {} : { signIn: { by: BY[require], serviceId, openPaths } };
}
