/** Bad values for the requests about people, groups and accounts; see api-bad-input.table.ts. */
import type { ApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { AccountService } from '@berth/proto/api/v1/account_pb.js';
import { GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import {
  type BadInputs,
  HOSTILE,
  KEY,
  listed,
  MASK,
  NAME,
  named,
  nothing,
  REFERENCE,
  TEXT,
} from './api-bad-input.values.ts';

type PeopleRpc = Extract<Rpc, `${'Users' | 'Groups' | 'Account'}Service.${string}`>;

const LINE = ['a\nb', 'a\0b', 'a\u202eb', 'a\u200bb', 'x'.repeat(5_000)];
const EMAIL = [
  ...[
    'ada',
    '@a.lab',
    'a@b',
    'a@b.lab\r\nBcc: c@d.lab',
    'a@b.lab,c@d.lab',
    'A <a@b.lab>',
    '"a b"@c.lab',
    'a@[10.0.0.1]',
  ],
  ...HOSTILE,
];
const PASSWORD = ['short', '1234567890', 'qwertyuiop', 'Password123', 'aaaaaaaaaaaa', 'x'.repeat(1_025)];
const SHELL = ['bash', '/bin/../bin/sh', '/bin/ba sh', '/', '/bin/', `/${'x'.repeat(64)}`, ...HOSTILE];
const RSA_1024 = `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ${'A'.repeat(172)}`;

const person: JsonObject = { username: 'grace', display_name: 'Grace', email: 'grace@example.org', shell: '/bin/sh' };

const badPerson: Record<string, JsonValue[]> = {
  'user.display_name': ['Grace:0:0', 'x'.repeat(101), ...LINE],
  'user.email': EMAIL,
  'user.shell': SHELL,
};

const personOutput = [
  ...['uid_number', 'email_verified', 'administrator', 'groups[]', 'has_password', 'key_count', 'owned_containers'],
  ...['password_changed_at', 'last_sign_in_at', 'created_at', 'updated_at'],
].map((field) => `user.${field}`);

const groupOutput = ['gid_number', 'built_in', 'member_count', 'created_at', 'updated_at'].map(
  (field) => `group.${field}`,
);

const badMember: Record<string, JsonValue[]> = {
  group: ['ldapusers', ...REFERENCE],
  'member.user': REFERENCE,
  'member.group': REFERENCE,
};
const memberOutput = ['member.display_name', 'member.created_at'];

/** A right key, another one for each letter. */
export const publicKey = (letter: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)}`;

/** Makes what the table's names stand for: the caller's password, a group with somebody in it, a key. */
export async function seedCrew(bench: ApiBench): Promise<Record<string, string>> {
  const { administrator, owner } = bench.site;
  const password = 'my present one';
  const password_hash = await hashPassword(password);
  await bench.store.transaction(async ({ db }) => {
    await db.updateTable('users').set({ password_hash }).where('id', '=', administrator.userId).execute();
  });
  const groups = await bench.client(GroupsService, administrator);
  const { group } = await groups.createGroup({ group: { name: 'crew' } });
  const member = { member: { case: 'user' as const, value: owner.username } };
  await groups.addGroupMember({ group: 'crew', member });
  const { key } = await (await bench.client(AccountService, owner)).addSshKey({ key: { publicKey: publicKey('D') } });
  return { group: group?.id ?? '', key: key?.id ?? '', password };
}

/** The part of the table about people. */
export const peopleBadInputs: Record<PeopleRpc, BadInputs> = {
  'UsersService.CreateUser': {
    good: { user: person, password: 'quite unusual', groups: ['sysadmins'] },
    bad: {
      ...badPerson,
      'user.username': ['Grace', '1a', 'a@b', 'root', 'sudo', 'www-data', 'ada', ...NAME],
      'user.status': [99],
      password: ['grace-grace', 'Grace@example.org', ...PASSWORD],
      'groups[]': ['ldapusers', ...REFERENCE],
      idempotency_key: KEY,
    },
    free: ['user.id', ...personOutput],
  },
  'UsersService.GetUser': named('user', 'ada'),
  'UsersService.ListUsers': {
    ...listed(),
    bad: { ...listed().bad, query: LINE, status: [99] },
  },
  'UsersService.UpdateUser': {
    good: { user: { id: 'olga', ...person, status: 2 }, update_mask: 'displayName,email,shell,status' },
    bad: { ...badPerson, 'user.id': REFERENCE.slice(1), 'user.status': [0, 1, 99], update_mask: [...MASK, 'username'] },
    // Found by it when there is no identifier.
    free: ['user.username', ...personOutput],
  },
  'UsersService.SetUserPassword': {
    good: { user: 'olga', password: 'quite unusual' },
    bad: { user: REFERENCE, password: ['olga-olga!!', ...PASSWORD] },
  },
  'UsersService.CreatePasswordResetLink': named('user', 'olga'),
  'UsersService.DeleteUser': named('user', 'sam'),
  'UsersService.LookupPeople': { good: {}, bad: { query: LINE, limit: [-1, 51] }, free: ['people_only'] },

  'GroupsService.CreateGroup': {
    good: { group: { name: 'staff1', description: 'x', administrator: true } },
    bad: {
      'group.name': ['Staff', '1a', 'a@b', 'sudo', 'docker', 'wheel', 'sysadmins', ...NAME],
      'group.description': TEXT,
      idempotency_key: KEY,
    },
    free: ['group.id', 'group.administrator', ...groupOutput],
  },
  'GroupsService.GetGroup': named('group', 'sysadmins'),
  'GroupsService.ListGroups': listed(),
  'GroupsService.UpdateGroup': {
    good: { group: { id: '<group>', name: 'staff2', description: 'x' }, update_mask: 'name,description,administrator' },
    bad: {
      'group.id': REFERENCE,
      'group.name': ['Staff', 'sudo', 'sysadmins', ...NAME],
      'group.description': TEXT,
      update_mask: [...MASK, 'gidNumber'],
    },
    free: ['group.administrator', ...groupOutput],
  },
  'GroupsService.DeleteGroup': named('group', '<group>'),
  'GroupsService.ListGroupMembers': { ...listed('group'), good: { group: '<group>' } },
  'GroupsService.AddGroupMember': {
    good: { group: '<group>', member: { user: 'sam' } },
    bad: badMember,
    free: memberOutput,
  },
  'GroupsService.RemoveGroupMember': {
    good: { group: '<group>', member: { user: 'olga' } },
    bad: { ...badMember, 'member.user': ['sam', ...REFERENCE] },
    free: memberOutput,
  },

  'AccountService.GetProfile': nothing,
  'AccountService.UpdateProfile': {
    good: { user: person, update_mask: 'displayName,email,shell', current_password: '<password>' },
    bad: { ...badPerson, update_mask: [...MASK, 'status'], current_password: ['', 'wrong', 'x'.repeat(10_000)] },
    free: ['user.id', 'user.username', 'user.status', ...personOutput],
  },
  'AccountService.ChangePassword': {
    good: { current_password: '<password>', new_password: 'quite unusual' },
    bad: {
      current_password: ['', 'wrong', 'x'.repeat(10_000)],
      new_password: ['', 'ada ada ada', '<password>', ...PASSWORD],
    },
  },
  'AccountService.SendEmailVerification': nothing,
  'AccountService.ListSshKeys': { good: {}, bad: { user: REFERENCE.slice(1) } },
  'AccountService.AddSshKey': {
    good: {
      user: 'olga',
      key: {
        name: 'laptop',
        public_key: publicKey('E'),
      },
    },
    bad: {
      user: REFERENCE.slice(1),
      'key.name': ['x'.repeat(101), ...LINE],
      'key.public_key': [
        'ssh-ed25519',
        'ssh-ed25519 AAAA',
        'ssh-dss AAAAB3NzaC1kc3M=',
        `command="id" ${publicKey('E')}`,
        '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----',
        RSA_1024,
        ...NAME,
      ],
    },
    free: ['key.id', 'key.key_type', 'key.fingerprint', 'key.created_at'],
  },
  'AccountService.DeleteSshKey': named('key', '<key>'),
};
