/** What the directory is made from, read for those who keep a copy of it: everything, or what changed. */
import type { Row } from './schema.ts';
import type { Db } from './store.ts';

/** Rows of some people with their keys. */
export interface PeopleRows {
  users: Omit<Row<'users'>, 'password_hash'>[];
  keys: Pick<Row<'ssh_keys'>, 'user_id' | 'public_key'>[];
}

/** Rows of some groups with their own members. */
export interface GroupRows {
  groups: Row<'groups'>[];
  members: Pick<Row<'group_members'>, 'group_id' | 'user_id' | 'member_group_id'>[];
}

/** Rows of some containers, with their members and how they bind. */
export interface ContainerRows {
  containers: (Pick<Row<'containers'>, 'id' | 'hostname' | 'owner_id' | 'created_at'> & { internal_domain: string })[];
  members: Pick<Row<'container_members'>, 'container_id' | 'user_id' | 'group_id' | 'role'>[];
  binds: Row<'container_binds'>[];
}

const USER_COLUMNS = [
  ...(['id', 'username', 'uid_number', 'display_name', 'email', 'email_verified', 'status', 'shell'] as const),
  ...(['login_totp', 'password_changed_at', 'last_sign_in_at', 'created_at', 'updated_at'] as const),
] as const;

/** @param ids undefined for everybody */
export async function directoryPeople(db: Db, ids: readonly string[] | undefined): Promise<PeopleRows> {
  let users = db.selectFrom('users').select(USER_COLUMNS);
  let keys = db.selectFrom('ssh_keys').select(['user_id', 'public_key']).orderBy('created_at').orderBy('id');
  if (ids) {
    if (ids.length === 0) return { users: [], keys: [] };
    users = users.where('id', 'in', ids);
    keys = keys.where('user_id', 'in', ids);
  }
  return { users: await users.execute(), keys: await keys.execute() };
}

/** @param ids undefined for all */
export async function directoryGroups(db: Db, ids: readonly string[] | undefined): Promise<GroupRows> {
  let groups = db.selectFrom('groups').selectAll();
  let members = db.selectFrom('group_members').select(['group_id', 'user_id', 'member_group_id']);
  if (ids) {
    if (ids.length === 0) return { groups: [], members: [] };
    groups = groups.where('id', 'in', ids);
    members = members.where('group_id', 'in', ids);
  }
  return { groups: await groups.execute(), members: await members.execute() };
}

/** @param ids undefined for all */
export async function directoryContainers(db: Db, ids: readonly string[] | undefined): Promise<ContainerRows> {
  let containers = db
    .selectFrom('containers')
    .innerJoin('sites', 'sites.id', 'containers.site_id')
    .select(['containers.id', 'containers.hostname', 'containers.owner_id', 'containers.created_at'])
    .select('sites.internal_domain');
  let members = db.selectFrom('container_members').select(['container_id', 'user_id', 'group_id', 'role']);
  let binds = db.selectFrom('container_binds').selectAll();
  if (ids) {
    if (ids.length === 0) return { containers: [], members: [], binds: [] };
    containers = containers.where('containers.id', 'in', ids);
    members = members.where('container_id', 'in', ids);
    binds = binds.where('container_id', 'in', ids);
  }
  return { containers: await containers.execute(), members: await members.execute(), binds: await binds.execute() };
}
