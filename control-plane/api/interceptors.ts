import type { Interceptor } from '@connectrpc/connect';
import { authenticate, identifyRequest } from './authenticate.ts';
import type { ApiDeps } from './deps.ts';
import { shapeErrors } from './errors.ts';

/** What every call passes, from the outside in: its identifier, the shape of its errors, who calls. */
export function apiInterceptors(deps: ApiDeps): Interceptor[] {
  return [identifyRequest(deps), shapeErrors(deps.log), authenticate(deps)];
}
