/** People and groups as lists show them: searched, counted, in the order of their names. */
import { type ExpressionBuilder, sql } from 'kysely';
import type { Database, Row } from './schema.ts';
import { administratorsAmong } from './standing.ts';
import type { Db } from './store.ts';

/** What a list of people is narrowed to. */
export interface PeopleFilter {
  /** Part of a login name, name or address, in small letters; empty for all. */
  query: string;
  status?: Row<'users'>['status'] | undefined;
}

/** Up to `limit` people by login name, after one. */
export function listPeople(
  db: Db,
  filter: PeopleFilter,
  after: string | undefined,
  limit: number,
): Promise<Row<'users'>[]> {
  let query = db.selectFrom('users').selectAll().orderBy('username').limit(limit);
  if (after !== undefined) query = query.where('username', '>', after);
  if (filter.status) query = query.where('status', '=', filter.status);
  if (filter.query !== '') {
    const pattern = `%${literal(filter.query)}%`;
    query = query.where((row) =>
      row.or([like(row, 'username', pattern), like(row, 'display_name', pattern), like(row, 'email', pattern)]),
    );
  }
  return query.execute();
}

/** Active people whose login name, or a word of whose name, begins with something in small letters. */
export function lookupPeople(db: Db, beginning: string, limit: number) {
  const start = `${literal(beginning)}%`;
  return db
    .selectFrom('users')
    .select(['id', 'username', 'display_name'])
    .where('status', '=', 'active')
    .where((row) =>
      row.or([like(row, 'username', start), like(row, 'display_name', start), like(row, 'display_name', `% ${start}`)]),
    )
    .orderBy('username')
    .limit(limit)
    .execute();
}

/** Groups whose name begins with something in small letters. */
export function lookupGroups(db: Db, beginning: string, limit: number) {
  return db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where(sql<string>`lower(name)`, 'like', sql<string>`${`${literal(beginning)}%`} escape '!'`)
    .orderBy('name')
    .limit(limit)
    .execute();
}

/** What hangs on people, by person. */
export interface PersonFacts {
  administrator: boolean;
  groups: string[];
  keys: number;
  containers: number;
}

/** Reads what hangs on some people. */
export async function factsOfPeople(db: Db, ids: readonly string[]): Promise<(id: string) => PersonFacts> {
  if (ids.length === 0) return () => ({ administrator: false, groups: [], keys: 0, containers: 0 });
  const administrators = await administratorsAmong(db, ids);
  const memberships = await db
    .selectFrom('group_members')
    .innerJoin('groups', 'groups.id', 'group_members.group_id')
    .select(['group_members.user_id', 'groups.name'])
    .where('group_members.user_id', 'in', ids)
    .orderBy('groups.name')
    .execute();
  const keys = await db
    .selectFrom('ssh_keys')
    .select(['user_id', (row) => row.fn.countAll<number>().as('count')])
    .where('user_id', 'in', ids)
    .groupBy('user_id')
    .execute();
  const containers = await db
    .selectFrom('containers')
    .select(['owner_id', (row) => row.fn.countAll<number>().as('count')])
    .where('owner_id', 'in', ids)
    .groupBy('owner_id')
    .execute();
  return (id) => ({
    administrator: administrators.has(id),
    groups: memberships.filter(({ user_id }) => user_id === id).map(({ name }) => name),
    keys: Number(keys.find(({ user_id }) => user_id === id)?.count ?? 0),
    containers: Number(containers.find(({ owner_id }) => owner_id === id)?.count ?? 0),
  });
}

/** How many people and groups were put into some groups, by group. */
export async function memberCounts(db: Db, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('group_members')
    .select(['group_id', (row) => row.fn.countAll<number>().as('count')])
    .where('group_id', 'in', ids)
    .groupBy('group_id')
    .execute();
  return new Map(rows.map((row) => [row.group_id, Number(row.count)]));
}

/** A person or a group within a group. */
export interface MemberRow {
  kind: 'group' | 'user';
  name: string;
  display_name: string;
  created_at: number;
}

/** Up to `limit` members of a group after one: groups first, then people, each by name. */
export async function listMembers(
  db: Db,
  groupId: string,
  after: Pick<MemberRow, 'kind' | 'name'> | undefined,
  limit: number,
): Promise<MemberRow[]> {
  const groups = after?.kind === 'user' ? [] : await memberGroups(db, groupId, after?.name, limit);
  const people = await memberPeople(db, groupId, after?.kind === 'user' ? after.name : undefined, limit);
  return [...groups, ...people].slice(0, limit);
}

async function memberGroups(db: Db, groupId: string, after: string | undefined, limit: number): Promise<MemberRow[]> {
  const rows = await db
    .selectFrom('group_members')
    .innerJoin('groups', 'groups.id', 'group_members.member_group_id')
    .select(['groups.name', 'group_members.created_at'])
    .where('group_members.group_id', '=', groupId)
    .where('groups.name', '>', after ?? '')
    .orderBy('groups.name')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, kind: 'group', display_name: '' }));
}

async function memberPeople(db: Db, groupId: string, after: string | undefined, limit: number): Promise<MemberRow[]> {
  const rows = await db
    .selectFrom('group_members')
    .innerJoin('users', 'users.id', 'group_members.user_id')
    .select(['users.username as name', 'users.display_name', 'group_members.created_at'])
    .where('group_members.group_id', '=', groupId)
    .where('users.username', '>', after ?? '')
    .orderBy('users.username')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, kind: 'user' }));
}

/** Text that stands for itself in a pattern of LIKE; "!" escapes, as "\" does on some engines only. */
function literal(text: string): string {
  return text.replaceAll(/[!%_]/g, '!$&');
}

function like(
  row: ExpressionBuilder<Database, 'users'>,
  column: 'username' | 'display_name' | 'email',
  pattern: string,
) {
  return row(sql<string>`lower(${row.ref(column)})`, 'like', sql<string>`${pattern} escape '!'`);
}
