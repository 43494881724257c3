import type { Rpc } from '../../auth/policy.ts';
import type { Row } from '../../store/schema.ts';
import type { Store, Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
import { lockedContainer } from '../containers/begin-operation.ts';
import { findContainer } from '../find.ts';

/**
 * The container that a call about its members names, locked: of two such calls at once the second sees what the first
 * made of its rights.
 */
export async function containerToGovern(
  store: Store,
  tx: Tx,
  caller: Caller,
  reference: string,
  rpc: Rpc,
): Promise<Row<'containers'>> {
  const { id } = await findContainer(tx.db, caller, reference, 'container', rpc);
  const locked = await lockedContainer(store, tx, id);
  await findContainer(tx.db, caller, id, 'container', rpc);
  return locked;
}

/** How the audit tells of a change of a container's members. */
export function deedOn(container: Row<'containers'>) {
  return { siteId: container.site_id, objectKind: 'container', objectId: container.id };
}
