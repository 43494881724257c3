import type { DeleteUserRequest } from '@berth/proto/api/v1/people_pb.js';
import { AppError } from '../../errors.ts';
import { disownDomains } from '../../store/domains.ts';
import type { Tx } from '../../store/store.ts';
import { deleteUser } from '../../store/users.ts';
import { ReferenceViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { record } from '../record.ts';
import { keepAdministrators } from './last-administrator.ts';

/** Containers named in a refusal. */
const NAMED = 5;

/**
 * Removes a person. His number is never given again, so what is left of his in a guest stays nobody's.
 * @throws AppError "user_owns_containers", "last_administrator"
 */
export async function deleteUserVerb({ store }: AppDeps, caller: Caller, request: DeleteUserRequest): Promise<void> {
  authorise(caller, 'UsersService.DeleteUser');
  try {
    await store.transaction(async (tx) => {
      const { id, username } = await findUser(tx.db, request.user, 'user');
      await refuseOwner(tx, id, username);
      await disownDomains(tx, id);
      await deleteUser(tx, id);
      await keepAdministrators(tx);
      await record(tx, caller, {
        action: 'user.delete',
        siteId: null,
        objectKind: 'user',
        objectId: id,
        change: { username },
      });
    });
  } catch (error) {
    // A container that was made for him in the same moment.
    if (error instanceof ReferenceViolation) throw ownsContainers(request.user, '');
    throw error;
  }
}

async function refuseOwner(tx: Tx, userId: string, username: string): Promise<void> {
  const rows = await tx.db
    .selectFrom('containers')
    .innerJoin('sites', 'sites.id', 'containers.site_id')
    .select(['sites.name', 'containers.hostname'])
    .where('containers.owner_id', '=', userId)
    .orderBy('containers.hostname')
    .limit(NAMED + 1)
    .execute();
  if (rows.length === 0) return;
  const names = rows.slice(0, NAMED).map(({ name, hostname }) => `${name}/${hostname}`);
  throw ownsContainers(username, `: ${names.join(', ')}${rows.length > NAMED ? ' and more' : ''}`);
}

function ownsContainers(username: string, which: string): AppError {
  return new AppError('failed_precondition', {
    reason: 'user_owns_containers',
    message: `${username} still owns containers${which}. Give them to somebody else, or delete them, first.`,
  });
}
