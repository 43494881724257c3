/**
 * Puts right what must not go on from where the backup left it, once, before anything else uses the restored rows: the
 * rows themselves come with a note that this is still to be done, so that neither a crash nor a hurried start skips it.
 *
 * What was going on at the backup has gone on since, in a time this installation knows nothing of. So nothing is begun
 * anew that may have been done: browser sessions, links and tokens that open something once are void (they may have
 * been used or taken away since); mail that waited is not sent again; operations end where they were, and a container
 * that was being made stays as it is, since people may have worked in it since. Only a deletion goes on: whoever asked
 * for it wants it gone, and a guest is deleted only when it is provably this container's.
 */
import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { audit } from '../store/audit.ts';
import { endCommandsOf } from '../store/commands.ts';
import { appendLog } from '../store/operations.ts';
import { lockSetting, writeSetting } from '../store/settings.ts';
import type { Store, Tx } from '../store/store.ts';
import { RESTORED, readRestored, restoredValue } from './restored.ts';

/** Numbers of people and groups that may have been given out since the backup, and must not be given again. */
const NUMBERS_SKIPPED = 1_000;
const INTERRUPTED =
  'Interrupted: this installation was restored from a backup that was made meanwhile. Look what came of it, and ask again if it is still wanted.';

/** Finishes a restore, if there is one to finish. @returns whether there was */
export async function finishRestore(store: Store): Promise<boolean> {
  if (!(await readRestored(store.db))?.pending) return false;
  return store.transaction(async (tx) => {
    await lockSetting(tx, RESTORED);
    const restored = await readRestored(tx.db);
    if (!restored?.pending) return false;
    await dropWhatOpensOnce(tx);
    await forgetFormerReplicas(tx);
    await askAgents(tx);
    await endOperations(tx);
    await skipNumbers(tx);
    const { madeAt, restoredAt } = restored;
    const about = { action: 'installation.restore', siteId: null, objectKind: 'installation', objectId: '' };
    await audit(tx, { ...about, userId: null, requestId: '', change: { madeAt, restoredAt } });
    await writeSetting(tx, RESTORED, { value: restoredValue({ ...restored, pending: false }) });
    return true;
  });
}

async function dropWhatOpensOnce(tx: Tx): Promise<void> {
  await tx.db.deleteFrom('app_sign_in_codes').execute();
  await tx.db.deleteFrom('app_sessions').execute();
  await tx.db.deleteFrom('sessions').execute();
  await tx.db.deleteFrom('pending_sign_ins').execute();
  await tx.db.deleteFrom('guest_setup_tokens').execute();
  await tx.db.updateTable('join_tokens').set({ expires_at: tx.now }).where('expires_at', '>', tx.now).execute();
  await tx.db
    .updateTable('mail_links')
    .set({ expires_at: tx.now })
    .where('expires_at', '>', tx.now)
    .where('kind', '!=', 'invitation')
    .execute();
  await tx.db
    .updateTable('outgoing_mails')
    .set({ state: 'failed', last_error: 'Not sent: it waited when the backup was made and may have been sent since.' })
    .where('state', 'in', ['queued', 'sending'])
    .execute();
}

async function forgetFormerReplicas(tx: Tx): Promise<void> {
  await tx.db.updateTable('agents').set({ session_id: null, replica_id: null }).execute();
  await tx.db.updateTable('managed_certificates').set({ leased_by: null, leased_until: null }).execute();
  await tx.db.updateTable('operations').set({ lease_owner: null, lease_until: 0 }).execute();
}

/** Each agent is asked, when it comes, whether it holds something newer. */
async function askAgents(tx: Tx): Promise<void> {
  for (const { id, revision } of await tx.db.selectFrom('sites').select(['id', 'revision']).execute()) {
    await tx.db
      .updateTable('agents')
      .set({ restored_revision: revision, ahead_generation: null })
      .where('site_id', '=', id)
      .where('status', '=', 'active')
      .execute();
  }
}

async function endOperations(tx: Tx): Promise<void> {
  const open = await tx.db
    .selectFrom('operations')
    .select(['id', 'container_id'])
    .where('state', 'in', ['pending', 'running'])
    .where('kind', '!=', 'container.delete')
    .execute();
  for (const { id, container_id } of open) {
    await endCommandsOf(tx, id, CommandFailureCode.CANCELLED, INTERRUPTED);
    const ended = { state: 'failed', error: INTERRUPTED, error_reason: 'restored', finished_at: tx.now } as const;
    await tx.db.updateTable('operations').set(ended).where('id', '=', id).execute();
    await tx.db
      .updateTable('operation_steps')
      .set({ state: 'failed', error: INTERRUPTED, finished_at: tx.now })
      .where('operation_id', '=', id)
      .where('state', 'in', ['running', 'undoing'])
      .execute();
    await tx.db
      .updateTable('containers')
      .set({ phase: 'ready', active_operation_id: null })
      .where('id', '=', container_id)
      .where('active_operation_id', '=', id)
      .execute();
    await appendLog(tx, id, '', [INTERRUPTED]);
  }
}

async function skipNumbers(tx: Tx): Promise<void> {
  await tx.db
    .updateTable('counters')
    .set((row) => ({ value: row('value', '+', NUMBERS_SKIPPED) }))
    .where('name', 'in', ['uid_number', 'gid_number'])
    .execute();
}
