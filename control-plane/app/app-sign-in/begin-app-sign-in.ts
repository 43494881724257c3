import { randomBytes } from 'node:crypto';
import type { BeginAppSignInRequest } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { tokenHash } from '../../auth/tokens.ts';
import { AppError, notFound } from '../../errors.ts';
import { insertAppCode } from '../../store/app-sessions.ts';
import { readServiceOptions } from '../../store/service-options.ts';
import { type PlacedService, servicesAtHost } from '../../store/services-at-host.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { record } from '../record.ts';
import { referenceFault, shapeFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { appUrl, isAppPath } from './app-path.ts';
import { admissionTo } from './may-come.ts';

/** How long a code is good for: as long as a browser needs from one host to the other. */
const CODE_MS = 60_000;

/**
 * Lets the caller on to an app: a one-time code, bound to his session, the app's host and the state that the host gave
 * his browser. Only names of services that want Berth's own sign-in are led to.
 * @returns the address to send the browser to
 * @throws AppError "app_not_found", "no_sign_in_wanted", "not_let_in"
 */
export async function beginAppSignIn(
  deps: AppDeps,
  caller: Caller,
  { host, path, state }: BeginAppSignInRequest,
): Promise<string> {
  const { store } = deps;
  authorise(caller, 'AppSignInService.BeginAppSignIn');
  const found = new Violations();
  found.check('host', referenceFault(host));
  found.check('path', isAppPath(path) ? undefined : 'must be a path of the app, beginning with one "/"');
  found.check('state', shapeFault(state, /^[\w-]{22,64}$/, 'must be what the app gave the browser'));
  found.refuse();
  const service = await serviceAt(store.db, host, path);
  const { signIn } = readServiceOptions(service.options);
  if (signIn.require === 'nobody' || signIn.require === 'oauth2_proxy') throw noSignInWanted(host);
  const { allowed } = await admissionTo(store.db, caller.userId, { containerId: service.container_id, signIn });
  if (!allowed) throw notLetIn(host);
  const code = randomBytes(32).toString('base64url');
  await store.transaction(async (tx) => {
    const whose = { session_id: caller.sessionId, user_id: caller.userId, host };
    const hashes = { code_hash: tokenHash(code), state_hash: tokenHash(state) };
    await insertAppCode(tx, { ...whose, ...hashes, expires_at: tx.now + CODE_MS });
    const object = { siteId: service.site_id, objectKind: 'service', objectId: service.id, objectName: host };
    await record(tx, caller, { action: 'app.sign-in', ...object, containerId: service.container_id, change: { host } });
  });
  const to = new URL(appUrl(deps, host, '/.berth/sign-in'));
  to.searchParams.set('code', code);
  to.searchParams.set('path', path);
  return to.href;
}

/** The service that a path of a host leads to: the one with the longest prefix. */
async function serviceAt(db: Db, host: string, path: string): Promise<PlacedService> {
  const candidates = await servicesAtHost(db, host);
  const { pathname } = new URL(path, 'https://app.invalid');
  const leads = ({ path: prefix }: PlacedService) =>
    prefix === '/' || pathname === prefix || pathname.startsWith(`${prefix}/`);
  const best = candidates.filter(leads).sort((one, other) => other.path.length - one.path.length)[0];
  if (!best) throw notFound('app', host, 'host');
  return best;
}

function noSignInWanted(host: string): AppError {
  return new AppError('failed_precondition', {
    reason: 'no_sign_in_wanted',
    message: `${host} wants nobody to sign in here.`,
    violations: [{ field: 'host', description: 'wants nobody to sign in here' }],
  });
}

function notLetIn(host: string): AppError {
  return new AppError('permission_denied', {
    reason: 'not_let_in',
    message: `You may not come to ${host}. Its owner can make you a member, or put you into a group that may.`,
  });
}
