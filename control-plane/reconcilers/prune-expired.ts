import { PROOF_MS } from '../app/domains/proof.ts';
import { KNOWN_MS } from '../auth/rate-limits.ts';
import { SESSION_IDLE_MS } from '../auth/sessions.ts';
import { pruneRequests } from '../store/access-requests.ts';
import { pruneAppCodes } from '../store/app-sessions.ts';
import { pruneUnproven } from '../store/domains.ts';
import { pruneSetupTokens } from '../store/guest-setup-tokens.ts';
import { pruneLinks } from '../store/mail-links.ts';
import { pruneMails } from '../store/outgoing-mails.ts';
import { prunePending } from '../store/pending-sign-ins.ts';
import { dropCountsBefore } from '../store/rate-limits.ts';
import type { Store } from '../store/store.ts';

const DAY_MS = 24 * 3_600_000;
/** How long the log of an ended operation is kept; the operation itself stays. */
const LOG_MS = 90 * DAY_MS;

/** Drops sessions, tokens, idempotency keys, mails, their links and logs that nobody can ask for any more. */
export async function pruneExpired(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db
      .deleteFrom('sessions')
      .where((row) => row.or([row('expires_at', '<=', tx.now), row('last_used_at', '<=', tx.now - SESSION_IDLE_MS)]))
      .execute();
    await pruneSetupTokens(tx);
    await pruneRequests(tx);
    await dropCountsBefore(tx, tx.now - KNOWN_MS);
    await prunePending(tx);
    await pruneAppCodes(tx);
    await pruneMails(tx);
    await pruneLinks(tx);
    await pruneUnproven(tx, tx.now - PROOF_MS);
    await tx.db.deleteFrom('idempotency_keys').where('expires_at', '<=', tx.now).execute();
    const ended = tx.db
      .selectFrom('operations')
      .select('id')
      .where('finished_at', '<=', tx.now - LOG_MS);
    await tx.db.deleteFrom('operation_logs').where('operation_id', 'in', ended).execute();
  });
}
