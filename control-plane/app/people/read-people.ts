import {
  type GetUserRequest,
  type ListUsersRequest,
  type LookupPeopleRequest,
  UserStatus,
} from '@berth/proto/api/v1/people_pb.js';
import { factsOfPeople, listPeople, lookupGroups, lookupPeople, type PersonFacts } from '../../store/people-lists.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { type Page, readPage } from '../page.ts';
import { rangeFault } from '../validate/numbers.ts';
import { lineFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { statusOf } from './person-fields.ts';

const MAX_QUERY = 100;
const LOOKUP = { usual: 10, most: 50 };

/** A person with everything his page shows. */
export interface PersonView {
  user: Row<'users'>;
  facts: PersonFacts;
}

/** Names for choosing one. */
export interface Names {
  people: Pick<Row<'users'>, 'id' | 'username' | 'display_name'>[];
  groups: Pick<Row<'groups'>, 'id' | 'name'>[];
}

/** Reads a person. @throws AppError "user_not_found" */
export async function getUser({ store }: AppDeps, caller: Caller, request: GetUserRequest): Promise<PersonView> {
  authorise(caller, 'UsersService.GetUser');
  return personView(store.db, await findUser(store.db, request.user, 'user'));
}

/** Lists people by login name. */
export async function listUsers(
  { store }: AppDeps,
  caller: Caller,
  request: ListUsersRequest,
): Promise<Page<PersonView>> {
  authorise(caller, 'UsersService.ListUsers');
  const found = new Violations();
  found.check('query', lineFault(request.query, MAX_QUERY));
  const status = statusOf(request.status);
  if (request.status !== UserStatus.UNSPECIFIED && !status) found.check('status', 'is no status');
  found.refuse();
  const query = request.query.trim().toLowerCase();
  const page = await readPage(
    `users ${request.status} ${query}`,
    request,
    (row: Row<'users'>) => row.username,
    (key, limit) => listPeople(store.db, { query, status }, key, limit),
  );
  return { ...page, rows: await personViews(store.db, page.rows) };
}

/** Finds names of people and groups. */
export async function lookup({ store }: AppDeps, caller: Caller, request: LookupPeopleRequest): Promise<Names> {
  authorise(caller, 'UsersService.LookupPeople');
  const found = new Violations();
  found.check('query', lineFault(request.query, MAX_QUERY));
  if (request.limit !== 0) found.check('limit', rangeFault(request.limit, 1, LOOKUP.most));
  found.refuse();
  const beginning = request.query.trim().toLowerCase();
  const limit = request.limit || LOOKUP.usual;
  return {
    people: await lookupPeople(store.db, beginning, limit),
    groups: request.peopleOnly ? [] : await lookupGroups(store.db, beginning, limit),
  };
}

/** The view of one person. */
export async function personView(db: Db, user: Row<'users'>): Promise<PersonView> {
  const facts = await factsOfPeople(db, [user.id]);
  return { user, facts: facts(user.id) };
}

async function personViews(db: Db, users: readonly Row<'users'>[]): Promise<PersonView[]> {
  const facts = await factsOfPeople(
    db,
    users.map(({ id }) => id),
  );
  return users.map((user) => ({ user, facts: facts(user.id) }));
}
