import {
  type CreateGroupRequest,
  CreateGroupRequestSchema,
  type DeleteGroupRequest,
  type Group,
  GroupSchema,
  type UpdateGroupRequest,
} from '@berth/proto/api/v1/groups_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { deleteGroup, type GroupChange, insertGroup, updateGroup } from '../../store/groups.ts';
import type { Row } from '../../store/schema.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findGroup } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { keepAdministrators } from '../people/last-administrator.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { groupNameFault } from '../validate/names.ts';
import { referenceFault, textFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

const PATHS = ['name', 'description', 'administrator'] as const;
const MAX_DESCRIPTION = 1_000;

/** Makes a group. @returns its identifier @throws AppError "group_name_taken" */
export async function createGroup({ store }: AppDeps, caller: Caller, request: CreateGroupRequest): Promise<string> {
  authorise(caller, 'GroupsService.CreateGroup');
  const asked = request.group ?? create(GroupSchema);
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  checkGroup(asked, new Set(PATHS), found);
  found.refuse();
  const { name, description } = asked;
  const administrator = asked.administrator ? 1 : 0;
  const call = { caller, schema: CreateGroupRequestSchema, request };
  const { outcome } = await namingTaken(name, () =>
    createOnce(store, call, async (tx) => {
      const id = newId('grp', tx.now);
      await insertGroup(tx, { id, name, description, administrator, built_in: 0 });
      const object = { siteId: null, objectKind: 'group', objectId: id };
      await record(tx, caller, { ...object, action: 'group.create', change: { name, description, administrator } });
      return { group: id };
    }),
  );
  return outcome.group;
}

/** Changes the fields the mask names. @returns the identifier @throws AppError "group_built_in", "last_administrator" */
export async function updateGroupVerb(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateGroupRequest,
): Promise<string> {
  authorise(caller, 'GroupsService.UpdateGroup');
  const asked = request.group ?? create(GroupSchema);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, PATHS, found);
  const reference = asked.id || (paths.has('name') ? '' : asked.name);
  found.check('group.id', referenceFault(reference));
  checkGroup(asked, paths, found);
  found.refuse();
  const change: GroupChange = {
    ...(paths.has('name') && { name: asked.name }),
    ...(paths.has('description') && { description: asked.description }),
    ...(paths.has('administrator') && { administrator: asked.administrator ? 1 : 0 }),
  };
  return namingTaken(asked.name, () =>
    store.transaction(async (tx) => {
      const group = await findGroup(tx.db, reference, 'group.id');
      if (change.name !== undefined || change.administrator !== undefined) refuseBuiltIn(group);
      await updateGroup(tx, group.id, change);
      if (change.administrator !== undefined) await keepAdministrators(tx);
      const object = { siteId: null, objectKind: 'group', objectId: group.id };
      await record(tx, caller, { ...object, action: 'group.update', change: difference(group, change) });
      return group.id;
    }),
  );
}

/** Removes a group. @throws AppError "group_built_in", "last_administrator" */
export async function deleteGroupVerb({ store }: AppDeps, caller: Caller, request: DeleteGroupRequest): Promise<void> {
  authorise(caller, 'GroupsService.DeleteGroup');
  await store.transaction(async (tx) => {
    const group = await findGroup(tx.db, request.group, 'group');
    refuseBuiltIn(group);
    await deleteGroup(tx, group.id);
    await keepAdministrators(tx);
    const object = { siteId: null, objectKind: 'group', objectId: group.id };
    await record(tx, caller, { ...object, action: 'group.delete', change: { name: group.name } });
  });
}

function checkGroup(group: Group, paths: ReadonlySet<string>, found: Violations): void {
  if (paths.has('name')) found.check('group.name', groupNameFault(group.name));
  if (paths.has('description')) found.check('group.description', textFault(group.description, MAX_DESCRIPTION));
}

function refuseBuiltIn(group: Row<'groups'>): void {
  if (!group.built_in) return;
  throw new AppError('failed_precondition', {
    reason: 'group_built_in',
    message: `The group ${group.name} is there from the start and stays as it is.`,
  });
}

async function namingTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UniqueViolation) || error.constraint !== 'groups_name') throw error;
    throw taken('group_name_taken', 'group.name', `There is a group "${name}" already.`);
  }
}
