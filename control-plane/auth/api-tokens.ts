import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Caller } from '../app/caller.ts';
import { AppError } from '../errors.ts';
import { apiTokenByHash, touchApiToken } from '../store/api-tokens.ts';
import { standingOf } from '../store/standing.ts';
import type { Store } from '../store/store.ts';
import type { Origin } from './sessions.ts';
import { tokenHash } from './tokens.ts';

/** Use is noted at most this often. */
const TOUCH_MS = 5 * 60_000;

/**
 * In whose name an API token is presented, as things are now: what its owner has lost, the token has lost too.
 * @throws AppError "unauthenticated" when it is unknown, revoked or expired, or its owner is not active
 */
export async function callerOfApiToken(store: Store, clock: Clock, token: string, origin: Origin): Promise<Caller> {
  const row = await apiTokenByHash(store.db, tokenHash(token));
  const now = clock.now();
  const live = row && (row.expires_at === null || row.expires_at > now) && row.status === 'active';
  if (!live) {
    throw new AppError('unauthenticated', {
      reason: 'token_invalid',
      message: 'This API token is unknown, revoked or expired.',
    });
  }
  if (now - (row.last_used_at ?? 0) >= TOUCH_MS || row.last_used_address !== origin.address.slice(0, 64)) {
    await touchApiToken(store, row.id, now, origin.address);
  }
  return {
    userId: row.user_id,
    username: row.username,
    ...(await standingOf(store.db, row.user_id)),
    sessionId: '',
    token: { id: row.id, scope: row.scope, siteId: row.site_id, containerId: row.container_id },
    ...origin,
  };
}
