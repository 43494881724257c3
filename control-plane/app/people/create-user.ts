import { type CreateUserRequest, CreateUserRequestSchema, PersonSchema } from '@berth/proto/api/v1/people_pb.js';
import { create } from '@bufbuild/protobuf';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { newId } from '../../ids.ts';
import type { Tx } from '../../store/store.ts';
import { insertUser } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { putIntoGroups } from '../groups/put-into-groups.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { record } from '../record.ts';
import { takeFromUnverified } from '../sign-up/verify-email.ts';
import { plainEmail } from '../validate/email.ts';
import { newUsernameFault } from '../validate/names.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import {
  checkPerson,
  columnsOfPerson,
  fieldsOfPerson,
  PERSON_PATHS,
  type PersonFields,
  wordsNear,
} from './person-fields.ts';
import { namingTakenPerson } from './taken.ts';

const MAX_GROUPS = 50;
const ALL = new Set<string>(PERSON_PATHS);

/** Makes a person. @returns his identifier @throws AppError "username_taken", "email_taken" */
export async function createUser(deps: AppDeps, caller: Caller, request: CreateUserRequest): Promise<string> {
  authorise(caller, 'UsersService.CreateUser');
  const { username } = request.user ?? create(PersonSchema);
  const fields = fieldsOfPerson(request.user ?? create(PersonSchema));
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('user.username', newUsernameFault(username));
  checkPerson(fields, ALL, found);
  if (request.password !== '') {
    found.check('password', passwordFault(request.password, wordsNear({ username, ...fields })));
  }
  checkGroups('groups', request.groups, found);
  found.refuse();
  const passwordHash = request.password === '' ? '' : await hashPassword(request.password);
  // The password stays out of what is remembered: a fast hash of it would be worth guessing at.
  const call = { caller, schema: CreateUserRequestSchema, request: { ...request, password: '' } };
  const { outcome } = await namingTakenPerson({ username, ...fields }, () =>
    createOnce(deps.store, call, async (tx) => {
      if (fields.email !== '') await takeFromUnverified(tx, plainEmail(fields.email));
      const id = await make(tx, { username, fields, passwordHash });
      await putIntoGroups(tx, id, request.groups, 'groups');
      const object = { siteId: null, objectKind: 'user', objectId: id };
      const { status: _, ...change } = fields;
      await record(tx, caller, {
        ...object,
        action: 'user.create',
        change: { username, ...change, groups: request.groups },
      });
      return { user: id };
    }),
  );
  return outcome.user;
}

async function make(
  tx: Tx,
  { username, fields, passwordHash }: { username: string; fields: PersonFields; passwordHash: string },
): Promise<string> {
  const id = newId('usr', tx.now);
  const { display_name = '', email = null, status = 'active', ...rest } = columnsOfPerson(fields, ALL);
  await insertUser(tx, {
    ...rest,
    id,
    username,
    display_name,
    email,
    status,
    password_hash: passwordHash,
    password_changed_at: passwordHash ? tx.now : 0,
    created_at: tx.now,
  });
  return id;
}

/** What is wrong with a list of groups to put somebody into. */
export function checkGroups(field: string, groups: readonly string[], found: Violations): void {
  if (groups.length > MAX_GROUPS) found.check(field, `must have at most ${MAX_GROUPS} entries`);
  for (const [i, group] of groups.entries()) found.check(`${field}[${i}]`, referenceFault(group));
}
