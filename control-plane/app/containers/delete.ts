import type { DeleteContainerRequest } from '@berth/proto/api/v1/containers_pb.js';
import { deleteContainer } from '../../operations/delete-container.ts';
import { cancelOperation } from '../../store/operations.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findContainer } from '../find.ts';
import { record } from '../record.ts';
import { beginOperation, lockedContainer } from './begin-operation.ts';

/**
 * Takes a container away. One that is being deleted already is left to the operation under way; the creation of one
 * that is not there yet is turned round instead.
 * @returns the identifier of the operation that takes it away
 * @throws AppError "operation_active" while something else is being done to it
 */
export async function deleteContainerVerb(
  { store }: AppDeps,
  caller: Caller,
  request: DeleteContainerRequest,
): Promise<string> {
  return store.transaction(async (tx) => {
    const named = await findContainer(
      tx.db,
      caller,
      request.container,
      'container',
      'ContainersService.DeleteContainer',
    );
    const container = await lockedContainer(store, tx, named.id);
    const active = container.active_operation_id;
    if (active && container.phase === 'deleting') return active;
    const object = { siteId: container.site_id, objectKind: 'container', objectId: container.id };
    await record(tx, caller, { ...object, action: 'container.delete', change: { hostname: container.hostname } });
    if (active && container.phase === 'creating') {
      await cancelOperation(tx, active, 'cancelled', `Deleted by ${caller.username} while it was being created.`);
      return active;
    }
    const revision = await bumpSite(tx, container.site_id, container.id);
    return beginOperation(tx, caller, container, deleteContainer, {
      data: { withdrawnRevision: revision },
      set: { phase: 'deleting' },
    });
  });
}
