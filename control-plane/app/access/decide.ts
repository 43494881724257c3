import type { DecideAccessRequestRequest, ListAccessRequestsRequest } from '@berth/proto/api/v1/access_pb.js';
import { roleIncludes } from '../../auth/policy.ts';
import { type NamedRequest, namedRequest, namedRequests, updateOpenRequest } from '../../store/access-requests.ts';
import { memberOf, putMember } from '../../store/container-members.ts';
import type { Row } from '../../store/schema.ts';
import type { GrantedRole } from '../../store/schema-directory.ts';
import { siteById } from '../../store/sites.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findContainer } from '../find.ts';
import { type Page, readPage } from '../page.ts';
import { difference, record } from '../record.ts';
import { ownedContainers } from '../roles.ts';
import { referenceFault, textFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { findRequestToDecide } from './find-request.ts';
import { containerToGovern, deedOn } from './govern.ts';
import { tellSender } from './letters.ts';
import { MAX_WORDS, requestClosed } from './requests.ts';
import { readRoleIfNamed } from './role-names.ts';

/** Lists requests: of one container, of all that the caller owns, or his own. */
export async function listAccessRequests(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListAccessRequestsRequest,
): Promise<Page<NamedRequest>> {
  authorise(caller, 'AccessService.ListAccessRequests');
  const rpc = 'AccessService.DecideAccessRequest';
  const { own, closed } = request;
  const named =
    request.container === '' ? '' : (await findContainer(db, caller, request.container, 'container', rpc)).id;
  return readPage(
    `access requests ${named} ${own} ${closed}`,
    request,
    (row: NamedRequest) => row.id,
    (key, limit) => {
      let query = namedRequests(db).limit(limit);
      if (named !== '') query = query.where('access_requests.container_id', '=', named);
      if (own) query = ownRequests(query, caller);
      if (!own && named === '') query = query.where('access_requests.container_id', 'in', ownedContainers(db, caller));
      if (!closed) query = query.where('access_requests.state', '=', 'open');
      if (key !== undefined) query = query.where('access_requests.id', '<', key);
      return query.execute();
    },
  );
}

function ownRequests(query: ReturnType<typeof namedRequests>, { userId, token }: Caller) {
  let narrowed = query.where('access_requests.user_id', '=', userId);
  if (token?.siteId) narrowed = narrowed.where('access_requests.site_id', '=', token.siteId);
  if (token?.containerId) narrowed = narrowed.where('access_requests.container_id', '=', token.containerId);
  return narrowed;
}

/**
 * Grants or refuses a request. What its sender can do already stays when it is more.
 * @throws AppError "request_closed"
 */
export async function decideAccessRequest(
  deps: AppDeps,
  caller: Caller,
  request: DecideAccessRequestRequest,
): Promise<NamedRequest> {
  const found = new Violations();
  found.check('request', referenceFault(request.request));
  found.check('answer', textFault(request.answer, MAX_WORDS));
  const instead = request.grant ? readRoleIfNamed('role', request.role, found) : undefined;
  found.refuse();
  const { store } = deps;
  return store.transaction(async (tx) => {
    const rpc = 'AccessService.DecideAccessRequest';
    const { row, container: named } = await findRequestToDecide(tx.db, caller, request.request, rpc);
    const container = await containerToGovern(store, tx, caller, named.id, rpc);
    const role = request.grant ? (instead ?? row.role) : undefined;
    const decided = { answer: request.answer, decided_by: caller.userId, decided_at: tx.now };
    const state = request.grant ? 'granted' : 'refused';
    if (!(await updateOpenRequest(tx, row, { ...decided, state }))) throw requestClosed();
    const change = role && (await grant(tx, caller, container, row, role));
    const view = await namedRequest(tx.db, row.id);
    await record(tx, caller, {
      ...deedOn(container),
      action: request.grant ? 'access.grant' : 'access.refuse',
      change: { user: view.username, ...(change ?? { role: row.role }), request: row.id },
    });
    const site = await siteById(tx.db, container.site_id);
    if (site) await tellSender(deps, tx, row, { site, container }, { role, answer: request.answer });
    return view;
  });
}

/** Makes the sender a member. @returns what changed */
async function grant(
  tx: Tx,
  caller: Caller,
  container: Row<'containers'>,
  { user_id: userId }: Row<'access_requests'>,
  role: GrantedRole,
) {
  const before = await memberOf(tx.db, container.id, { userId });
  const has = container.owner_id === userId ? 'owner' : before?.role;
  if (has && roleIncludes(has, role)) return { role: has };
  await putMember(tx, container.id, { userId }, { role, by: caller.userId });
  return difference({ role: before?.role }, { role });
}
