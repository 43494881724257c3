import type { StartContainerRequest, StopContainerRequest } from '@berth/proto/api/v1/containers_pb.js';
import type { Rpc } from '../../auth/policy.ts';
import { AppError } from '../../errors.ts';
import { startContainer, stopContainer } from '../../operations/power-container.ts';
import type { Saga } from '../../operations/saga.ts';
import type { Row } from '../../store/schema.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findContainer } from '../find.ts';
import { difference, record } from '../record.ts';
import { beginOperation, lockedContainer, refuseBusy } from './begin-operation.ts';

/** Starts a container; one that runs already stays as it is. @returns the operation's identifier */
export function startContainerVerb(deps: AppDeps, caller: Caller, request: StartContainerRequest): Promise<string> {
  const call = { reference: request.container, rpc: 'ContainersService.StartContainer' } as const;
  return changePower(deps, caller, call, startContainer, { power: 'running', force: false });
}

/** Stops a container, at once with `force`. @returns the operation's identifier */
export function stopContainerVerb(deps: AppDeps, caller: Caller, request: StopContainerRequest): Promise<string> {
  const call = { reference: request.container, rpc: 'ContainersService.StopContainer' } as const;
  return changePower(deps, caller, call, stopContainer, { power: 'stopped', force: request.force });
}

async function changePower(
  { store }: AppDeps,
  caller: Caller,
  { reference, rpc }: { reference: string; rpc: Rpc },
  saga: Saga,
  want: { power: Row<'containers'>['power']; force: boolean },
): Promise<string> {
  return store.transaction(async (tx) => {
    const named = await findContainer(tx.db, caller, reference, 'container', rpc);
    const container = await lockedContainer(store, tx, named.id);
    refuseUnready(container);
    await record(tx, caller, {
      action: saga.kind,
      siteId: container.site_id,
      objectKind: 'container',
      objectId: container.id,
      change: { ...difference({ power: container.power }, { power: want.power }), force: want.force },
    });
    return beginOperation(tx, caller, container, saga, {
      data: { before: { power: container.power }, force: want.force },
      set: { power: want.power },
    });
  });
}

/** @throws AppError "operation_active" or "container_not_ready" */
export function refuseUnready(container: Row<'containers'>): void {
  refuseBusy(container);
  if (container.phase === 'ready') return;
  throw new AppError('failed_precondition', {
    reason: 'container_not_ready',
    message: `${container.hostname} is ${container.phase}; only a container that is ready can be changed.`,
  });
}
