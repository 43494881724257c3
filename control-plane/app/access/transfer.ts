import type { TransferOwnershipRequest } from '@berth/proto/api/v1/access_pb.js';
import { AppError, invalid } from '../../errors.ts';
import { putMember, setOwner } from '../../store/container-members.ts';
import { usernames } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { record } from '../record.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { containerToGovern, deedOn } from './govern.ts';
import { readRoleIfNamed } from './role-names.ts';

/**
 * Makes somebody else the owner. The former one keeps what role the request names, or none.
 * @throws AppError "is_owner", "user_not_active"
 */
export async function transferOwnership(
  { store }: AppDeps,
  caller: Caller,
  request: TransferOwnershipRequest,
): Promise<void> {
  const found = new Violations();
  found.check('container', referenceFault(request.container));
  found.check('new_owner', referenceFault(request.newOwner));
  const keep = readRoleIfNamed('former_owner_role', request.formerOwnerRole, found);
  found.refuse();
  await store.transaction(async (tx) => {
    const rpc = 'AccessService.TransferOwnership';
    const container = await containerToGovern(store, tx, caller, request.container, rpc);
    const owner = await findUser(tx.db, request.newOwner, 'new_owner');
    if (owner.id === container.owner_id) {
      throw invalid([{ field: 'new_owner', description: `${owner.username} owns the container already` }], 'is_owner');
    }
    if (owner.status !== 'active') throw notActive(owner.username);
    const former = container.owner_id;
    await setOwner(tx, container.id, owner.id);
    if (keep) await putMember(tx, container.id, { userId: former }, { role: keep, by: caller.userId });
    const from = (await usernames(tx.db, [former])).get(former) ?? null;
    const change = { owner: { from, to: owner.username }, ...(keep && { former_owner_role: keep }) };
    await record(tx, caller, { ...deedOn(container), action: 'container.transfer', change });
  });
}

function notActive(username: string): AppError {
  const message = `${username} is not active and cannot own a container.`;
  const violations = [{ field: 'new_owner', description: message }];
  return new AppError('failed_precondition', { reason: 'user_not_active', message, violations });
}
