import type { ListOwnAppSignInsRequest } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { SESSION_IDLE_MS } from '../../auth/sessions.ts';
import { appSessionsOf } from '../../store/app-sessions.ts';
import type { Row } from '../../store/schema.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { type Page, readPage } from '../page.ts';

/** Lists the apps the caller is signed in to, by any of his sessions, newest first. */
export function listOwnAppSignIns(
  { store, clock }: AppDeps,
  caller: Caller,
  request: ListOwnAppSignInsRequest,
): Promise<Page<Row<'app_sessions'>>> {
  authorise(caller, 'AppSignInService.ListOwnAppSignIns');
  const live = { now: clock.now(), idleMs: SESSION_IDLE_MS };
  return readPage(
    `app sign-ins ${caller.userId}`,
    request,
    ({ id }) => id,
    (after, limit) => appSessionsOf(store.db, caller.userId, { ...live, after, limit }),
  );
}
