/** People, groups and keys as messages. No decision is made here. */
import { type SshKey, SshKeySchema } from '@berth/proto/api/v1/account_pb.js';
import { type Group, type GroupMember, GroupMemberSchema, GroupSchema } from '@berth/proto/api/v1/groups_pb.js';
import { type Person, PersonSchema, UserStatus } from '@berth/proto/api/v1/people_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { GroupView } from '../app/groups/read-groups.ts';
import type { PersonView } from '../app/people/read-people.ts';
import type { MemberRow } from '../store/people-lists.ts';
import type { Row } from '../store/schema.ts';
import { moment } from './shapes.ts';

const STATUSES = { pending: UserStatus.PENDING, active: UserStatus.ACTIVE, suspended: UserStatus.SUSPENDED };

/** A person, without anything of his password. */
export function personShape({ user, facts }: PersonView): Person {
  return create(PersonSchema, {
    id: user.id,
    username: user.username,
    uidNumber: user.uid_number,
    displayName: user.display_name,
    email: user.email ?? '',
    emailVerified: user.email_verified === 1,
    status: STATUSES[user.status],
    shell: user.shell,
    administrator: facts.administrator,
    groups: facts.groups,
    hasPassword: user.password_hash !== '',
    keyCount: facts.keys,
    ownedContainers: facts.containers,
    passwordChangedAt: moment(user.password_changed_at || null),
    lastSignInAt: moment(user.last_sign_in_at || null),
    createdAt: timestampFromMs(user.created_at),
    updatedAt: timestampFromMs(user.updated_at),
  });
}

/** A group. */
export function groupShape({ group, members }: GroupView): Group {
  return create(GroupSchema, {
    id: group.id,
    name: group.name,
    gidNumber: group.gid_number,
    description: group.description,
    administrator: group.administrator === 1,
    builtIn: group.built_in === 1,
    memberCount: members,
    createdAt: moment(group.created_at || null),
    updatedAt: moment(group.updated_at || null),
  });
}

/** Somebody in a group. */
export function memberShape({ kind, name, display_name, created_at }: MemberRow): GroupMember {
  return create(GroupMemberSchema, {
    member: { case: kind, value: name },
    displayName: display_name,
    createdAt: moment(created_at || null),
  });
}

/** An SSH key. */
export function sshKeyShape(row: Row<'ssh_keys'>): SshKey {
  return create(SshKeySchema, {
    id: row.id,
    name: row.name,
    publicKey: row.public_key,
    keyType: row.key_type,
    fingerprint: row.fingerprint,
    createdAt: timestampFromMs(row.created_at),
  });
}
