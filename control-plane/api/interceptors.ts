import type { Interceptor } from '@connectrpc/connect';
import { authenticate, identifyRequest } from './authenticate.ts';
import { concludeCalls } from './conclude-calls.ts';
import type { ApiDeps } from './deps.ts';
import { shapeErrors } from './errors.ts';

/**
 * What every call passes, from the outside in: its identifier, its end, the shape of its errors, who calls.
 * @param via "page" only for the pages' own calls in process: they are believed in whose name they call
 */
export function apiInterceptors(deps: ApiDeps, via: 'api' | 'page'): Interceptor[] {
  return [identifyRequest(deps, via), concludeCalls(deps, via), shapeErrors(deps.log), authenticate(deps)];
}
