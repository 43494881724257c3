import { ContainerSchema, type UpdateContainerRequest } from '@berth/proto/api/v1/containers_pb.js';
import { create } from '@bufbuild/protobuf';
import { configureContainer } from '../../operations/configure-container.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findContainer } from '../find.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { beginOperation, lockedContainer } from './begin-operation.ts';
import { readLimits } from './container-fields.ts';
import { refuseUnready } from './power.ts';

const PATHS = ['description', 'cores', 'memory_mib'];

/**
 * Changes the fields the mask names. What concerns the guest becomes an operation.
 * @returns the container's identifier, and the operation's when there is one
 */
export async function updateContainerVerb(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateContainerRequest,
): Promise<{ container: string; operation?: string }> {
  const asked = request.container ?? create(ContainerSchema);
  const reference = asked.id || (asked.site && asked.hostname ? `${asked.site}/${asked.hostname}` : '');
  const found = new Violations();
  const paths = maskPaths(request.updateMask, PATHS, found);
  found.check('container.id', referenceFault(reference));
  const limits = readNamed(asked, paths, found);
  found.refuse();
  return store.transaction(async (tx) => {
    const named = await findContainer(tx.db, caller, reference, 'container.id', 'ContainersService.UpdateContainer');
    const container = await lockedContainer(store, tx, named.id);
    const set = {
      ...(paths.has('description') ? { description: limits.description } : {}),
      ...(paths.has('cores') ? { cores: limits.cores } : {}),
      ...(paths.has('memory_mib') ? { memory_mib: limits.memoryMib } : {}),
    };
    await record(tx, caller, {
      action: 'container.update',
      siteId: container.site_id,
      objectKind: 'container',
      objectId: container.id,
      change: difference(container, set),
    });
    return apply(tx, caller, container, set);
  });
}

/** Only what the mask names is read, so that an empty field elsewhere is not taken for a wrong one. */
function readNamed(asked: UpdateContainerRequest['container'] & object, paths: Set<string>, found: Violations) {
  return readLimits(
    create(ContainerSchema, {
      description: paths.has('description') ? asked.description : '',
      cores: paths.has('cores') ? asked.cores : 0,
      memoryMib: paths.has('memory_mib') ? asked.memoryMib : 0,
    }),
    found,
  );
}

async function apply(
  tx: Tx,
  caller: Caller,
  container: Row<'containers'>,
  set: Partial<Row<'containers'>>,
): Promise<{ container: string; operation?: string }> {
  const { cores = container.cores, memory_mib: memoryMib = container.memory_mib } = set;
  if (cores === container.cores && memoryMib === container.memory_mib) {
    await tx.db
      .updateTable('containers')
      .set({ ...set, updated_at: tx.now })
      .where('id', '=', container.id)
      .execute();
    tx.nudge({ kind: 'container', id: container.id });
    return { container: container.id };
  }
  refuseUnready(container);
  const before = { cores: container.cores, memoryMib: container.memory_mib };
  const operation = await beginOperation(tx, caller, container, configureContainer, { data: { before }, set });
  return { container: container.id, operation };
}
