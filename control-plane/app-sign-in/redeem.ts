import { tokenHash } from '../auth/tokens.ts';
import { openAppSession, takeAppCode } from '../store/app-sessions.ts';
import type { Store } from '../store/store.ts';

/**
 * Turns a one-time code into a session of the app, for the browser that was given the state it is bound to, at the host
 * it is for, while the Berth session it came from lives. A code that was shown is worth nothing afterwards, right or not.
 * @returns the session's identifier; undefined when the code is not good for it
 */
export function redeemAppCode(
  store: Store,
  { code, host, state }: { code: string; host: string; state: string },
): Promise<string | undefined> {
  return store.transaction(async (tx) => {
    const row = await takeAppCode(tx, tokenHash(code));
    if (row?.host !== host || row.state_hash !== tokenHash(state)) return undefined;
    return openAppSession(tx, { sessionId: row.session_id, userId: row.user_id, host });
  });
}
