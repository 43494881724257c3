import {
  type AddSshKeyRequest,
  type DeleteSshKeyRequest,
  type ListSshKeysRequest,
  SshKeySchema,
} from '@berth/proto/api/v1/account_pb.js';
import { create } from '@bufbuild/protobuf';
import type { policy } from '../../auth/policy.ts';
import { AppError, invalid, notFound, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { bumpDirectory } from '../../store/directory-changes.ts';
import type { Row } from '../../store/schema.ts';
import { deleteSshKey, insertSshKey, sshKeyById, sshKeysOf } from '../../store/ssh-keys.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { record } from '../record.ts';
import { lineFault, referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { type ParsedSshKey, parseSshKey } from './parse-ssh-key.ts';

const MAX_NAME = 100;
const MAX_KEYS = 50;

type KeyRpc = Extract<keyof typeof policy, `AccountService.${string}SshKey${string}`>;

/** Lists the keys of the caller, or of another for administrators. */
export async function listSshKeys({ store }: AppDeps, caller: Caller, request: ListSshKeysRequest) {
  const { id } = await personOf(store.db, caller, request.user, 'AccountService.ListSshKeys');
  return sshKeysOf(store.db, id);
}

/**
 * Adds a key for the caller, or for another by administrators.
 * @throws AppError "ssh_key_taken" naming the key it is already, "too_many_ssh_keys"
 */
export async function addSshKey(
  { store }: AppDeps,
  caller: Caller,
  request: AddSshKeyRequest,
): Promise<Row<'ssh_keys'>> {
  const asked = request.key ?? create(SshKeySchema);
  const parsed = parseSshKey(asked.publicKey);
  const found = new Violations();
  found.check('key.name', lineFault(asked.name, MAX_NAME));
  if (request.user !== '') found.check('user', referenceFault(request.user));
  if ('fault' in parsed) found.check('key.public_key', parsed.fault);
  found.refuse();
  if ('fault' in parsed) throw invalid([{ field: 'key.public_key', description: parsed.fault }]);
  return store.transaction(async (tx) => {
    const user = await personOf(tx.db, caller, request.user, 'AccountService.AddSshKey');
    // Locks, so that of the same key added twice at once the second finds the first and can name it.
    await bumpDirectory(tx, 'user', user.id);
    await refuseTooMany(tx, user, parsed.key);
    const { type: key_type, publicKey: public_key, fingerprint } = parsed.key;
    const name = asked.name.trim() || nameOf(parsed.key);
    const row = { id: newId('key', tx.now), user_id: user.id, name, key_type, public_key, fingerprint };
    const key = { ...row, created_at: tx.now };
    await insertSshKey(tx, key);
    await recordKey(tx, caller, 'ssh-key.add', key);
    return key;
  });
}

/** Removes a key of the caller, or of another by administrators. @throws AppError "ssh_key_not_found" */
export async function deleteSshKeyVerb({ store }: AppDeps, caller: Caller, request: DeleteSshKeyRequest) {
  authorise(caller, 'AccountService.DeleteSshKey');
  const fault = referenceFault(request.key);
  if (fault) throw invalid([{ field: 'key', description: fault }]);
  await store.transaction(async (tx) => {
    const key = await sshKeyById(tx.db, request.key);
    if (!key || (key.user_id !== caller.userId && !caller.administrator)) throw notFound('ssh key', request.key, 'key');
    await deleteSshKey(tx, key);
    await recordKey(tx, caller, 'ssh-key.delete', key);
  });
}

/** Whose keys a call is about. @throws AppError "administrator_required" for somebody else's */
async function personOf(db: Db, caller: Caller, reference: string, rpc: KeyRpc) {
  authorise(caller, rpc);
  if (reference === '' || reference === caller.userId || reference === caller.username) {
    return { id: caller.userId, username: caller.username };
  }
  if (!caller.administrator || caller.token?.siteId || caller.token?.containerId) {
    const message = 'Only an administrator may see and change the keys of others.';
    throw new AppError('permission_denied', { reason: 'administrator_required', message });
  }
  return findUser(db, reference, 'user');
}

async function refuseTooMany(tx: Tx, user: { id: string; username: string }, key: ParsedSshKey): Promise<void> {
  const keys = await sshKeysOf(tx.db, user.id);
  const same = keys.find(({ fingerprint }) => fingerprint === key.fingerprint);
  if (same) throw taken('ssh_key_taken', 'key.public_key', `This key is there already, as "${same.name}".`);
  if (keys.length < MAX_KEYS) return;
  const message = `${user.username} has ${MAX_KEYS} keys already, which is the most there may be.`;
  throw new AppError('failed_precondition', { reason: 'too_many_ssh_keys', message });
}

/** What a key is called when its person does not say. */
function nameOf({ comment, type }: ParsedSshKey): string {
  return comment !== '' && lineFault(comment, MAX_NAME) === undefined ? comment : type;
}

function recordKey(tx: Tx, caller: Caller, action: string, key: Row<'ssh_keys'>): Promise<void> {
  const { name, fingerprint } = key;
  const object = { siteId: null, objectKind: 'user', objectId: key.user_id };
  return record(tx, caller, { ...object, action, change: { name, fingerprint } });
}
