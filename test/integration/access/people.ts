/**
 * The people of the access matrix: one for each way of having, or not having, a right. All rights are about the
 * container `lab/web1`; there is a second container `lab/other` with the same owner and nobody else.
 */
import type { Who } from '@berth/control-plane/auth/policy.ts';
import { SYSADMINS } from '@berth/control-plane/store/built-in-groups.ts';
import { takeNumber } from '@berth/control-plane/store/counters.ts';
import { addGroupMember } from '@berth/control-plane/store/groups.ts';
import type { Row } from '@berth/control-plane/store/schema.ts';
import type { GrantedRole } from '@berth/control-plane/store/schema-directory.ts';
import type { Tx } from '@berth/control-plane/store/store.ts';
import { insertUser } from '@berth/control-plane/store/users.ts';

/** Everybody's. */
export const PASSWORD = 'nine lives of the harbour cat';

/** What a person is, as far as the policy asks: the greatest role, or nobody in particular. */
export type Standing = Exclude<Who, 'anyone'> | 'anonymous' | 'administrator of another site';

/** One column of the matrix. */
export interface Person {
  /** Heading of the column. */
  title: string;
  /** Login name; empty for the anonymous. */
  username: string;
  standing: Standing;
  /** A role in the container, held by the person or by a group he belongs to. */
  role?: GrantedRole;
  /** An administrator of this site, himself or by a group. */
  site?: 'lab' | 'empty';
  /** Through which groups the right is held, from the person's own outwards. */
  through?: string[];
  status?: Row<'users'>['status'];
}

/** Every column, from those without rights to those with all. */
export const people: readonly Person[] = [
  { title: 'anonymous', username: '', standing: 'anonymous' },
  { title: 'suspended', username: 'susi', standing: 'anonymous', role: 'maintainer', status: 'suspended' },
  { title: 'stranger', username: 'sam', standing: 'signed-in' },
  { title: 'viewer', username: 'vera', standing: 'viewer', role: 'viewer' },
  { title: 'user', username: 'uma', standing: 'user', role: 'user' },
  { title: 'user by group', username: 'gus', standing: 'user', role: 'user', through: ['course'] },
  { title: 'maintainer', username: 'mia', standing: 'maintainer', role: 'maintainer' },
  {
    title: 'maintainer by nested group',
    username: 'nils',
    standing: 'maintainer',
    role: 'maintainer',
    through: ['tutors', 'staff'],
  },
  { title: 'owner', username: 'olga', standing: 'owner' },
  { title: 'site administrator', username: 'sita', standing: 'site-administrator', site: 'lab' },
  {
    title: 'site administrator by group',
    username: 'siggi',
    standing: 'site-administrator',
    site: 'lab',
    through: ['operators'],
  },
  {
    title: 'administrator of another site',
    username: 'otto',
    standing: 'administrator of another site',
    site: 'empty',
  },
  { title: 'administrator', username: 'ada', standing: 'administrator' },
  { title: 'administrator by nested group', username: 'ines', standing: 'administrator', through: ['heads'] },
];

/** Identifiers that rights refer to. */
export interface RightsOn {
  container: string;
  /** Identifiers of sites by name. */
  sites: Record<string, string>;
}

/** Puts a person in, unless the bench has him already, and gives him his rights. @returns his identifier */
export async function seedPerson(tx: Tx, person: Person, on: RightsOn): Promise<string> {
  const user = await knownOrNew(tx, person);
  const holder = await outermost(tx, user, person.through ?? []);
  const named = { id: `${person.username}-right`, created_at: tx.now };
  if (person.role) {
    const row = { ...named, ...holder, container_id: on.container, role: person.role, granted_by: null };
    await tx.db.insertInto('container_members').values(row).execute();
  }
  if (person.site) {
    const row = { ...named, ...holder, site_id: on.sites[person.site] ?? '' };
    await tx.db.insertInto('site_administrators').values(row).execute();
  }
  if (person.standing === 'administrator' && holder.group_id) {
    await addGroupMember(tx, SYSADMINS.id, { groupId: holder.group_id });
  }
  return user;
}

async function knownOrNew(tx: Tx, { username, status = 'active' }: Person): Promise<string> {
  const known = await tx.db.selectFrom('users').select('id').where('username', '=', username).executeTakeFirst();
  if (known) return known.id;
  const id = `usr-${username}`;
  await insertUser(tx, {
    id,
    username,
    display_name: username,
    email: null,
    password_hash: '',
    status,
    created_at: tx.now,
  });
  return id;
}

/** Makes the groups between a person and his right. @returns who holds the right */
async function outermost(tx: Tx, userId: string, through: readonly string[]) {
  let holder: { user_id: string | null; group_id: string | null } = { user_id: userId, group_id: null };
  for (const name of through) {
    const id = `grp-${name}`;
    const gid_number = await takeNumber(tx, 'gid_number');
    const times = { created_at: tx.now, updated_at: tx.now };
    const row = { id, name, gid_number, description: '', administrator: 0, built_in: 0, ...times };
    await tx.db.insertInto('groups').values(row).execute();
    await addGroupMember(tx, id, holder.group_id ? { groupId: holder.group_id } : { userId });
    holder = { user_id: null, group_id: id };
  }
  return holder;
}
