import { AppError, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { OperationData } from '../../operations/operation-data.ts';
import type { Saga } from '../../operations/saga.ts';
import { stepTitles } from '../../operations/sagas.ts';
import { insertOperation } from '../../store/operations.ts';
import type { Row } from '../../store/schema.ts';
import type { Store, Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';

/** A container's row, locked so that only one of two concurrent calls begins something. */
export async function lockedContainer(store: Store, tx: Tx, id: string): Promise<Row<'containers'>> {
  const query = tx.db.selectFrom('containers').selectAll().where('id', '=', id);
  const row = await (store.dialect === 'sqlite' ? query : query.forUpdate()).executeTakeFirst();
  if (!row) throw notFound('container', id, 'container');
  return row;
}

/** What an operation begins with. */
export interface Beginning {
  data: OperationData;
  /** Columns of the container that change with it. */
  set: Partial<Row<'containers'>>;
}

/**
 * Begins an operation on a container that has none under way.
 * @returns its identifier
 * @throws AppError "operation_active"
 */
export async function beginOperation(
  tx: Tx,
  caller: Caller,
  container: Row<'containers'>,
  saga: Saga,
  { data, set }: Beginning,
): Promise<string> {
  refuseBusy(container);
  const id = newId('opn', tx.now);
  await tx.db
    .updateTable('containers')
    .set({ ...set, active_operation_id: id, updated_at: tx.now })
    .where('id', '=', container.id)
    .execute();
  await insertOperation(tx, {
    id,
    kind: saga.kind,
    siteId: container.site_id,
    containerId: container.id,
    hostname: container.hostname,
    userId: caller.userId,
    requestId: caller.requestId,
    data: { ...data },
    steps: stepTitles(saga),
    done: 0,
  });
  tx.nudge({ kind: 'container', id: container.id });
  return id;
}

/** @throws AppError "operation_active" while an operation is under way, or "container_not_ready" */
export function refuseBusy(container: Row<'containers'>): void {
  if (!container.active_operation_id) return;
  throw new AppError('failed_precondition', {
    reason: 'operation_active',
    message: `Another operation on ${container.hostname} is under way; wait for it to end.`,
  });
}
