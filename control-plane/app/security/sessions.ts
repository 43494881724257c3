import type { EndOwnSessionRequest } from '@berth/proto/api/v1/security_pb.js';
import { SESSION_IDLE_MS } from '../../auth/sessions.ts';
import { notFound } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { sessionsOf } from '../../store/session-lists.ts';
import { deleteSession, endSessions } from '../../store/sessions.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** The live sessions of a person. */
export function liveSessions({ store, clock }: AppDeps, userId: string): Promise<Row<'sessions'>[]> {
  return sessionsOf(store.db, userId, { now: clock.now(), idleMs: SESSION_IDLE_MS });
}

/** Ends one of the caller's own sessions, on every replica. @throws AppError "session_not_found" */
export async function endOwnSession({ store }: AppDeps, caller: Caller, request: EndOwnSessionRequest): Promise<void> {
  const found = new Violations();
  found.check('session', referenceFault(request.session));
  found.refuse();
  await store.transaction(async (tx) => {
    if (!(await deleteSession(tx, caller.userId, request.session)))
      throw notFound('session', request.session, 'session');
    const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
    await record(tx, caller, { ...object, action: 'session.end', change: { session: request.session } });
  });
}

/** Ends the caller's sessions but the present one. @returns how many */
export async function endOtherSessions({ store }: AppDeps, caller: Caller): Promise<number> {
  return store.transaction(async (tx) => {
    const ended = await endSessions(tx, caller.userId, caller.sessionId);
    const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
    await record(tx, caller, { ...object, action: 'session.end-others', change: { ended } });
    return ended;
  });
}
