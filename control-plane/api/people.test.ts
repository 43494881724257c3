import { AccountService } from '@berth/proto/api/v1/account_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerRequest } from '../operations/testing/requests.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

const PASSWORD = 'lantern quartz meadow';
const NEWS = 'copper violin harvest';

let bench: ApiBench;
beforeEach(async () => {
  bench = await openApiBench();
});
afterEach(() => bench.close());

const users = () => bench.client(UsersService, bench.site.administrator);
const groups = () => bench.client(GroupsService, bench.site.administrator);
const signIn = async (username: string, password = PASSWORD) =>
  (await createClient(AuthService, bench.transport('')).signIn({ username, password })).token;
const whoAmI = (token: string) => createClient(AuthService, bench.transport(token)).whoAmI({});
const person = (value: string) => ({ member: { case: 'user' as const, value } });
const group = (value: string) => ({ member: { case: 'group' as const, value } });
const make = async (username: string, more: { email?: string; displayName?: string } = {}, inGroups: string[] = []) =>
  (await (await users()).createUser({ user: { username, ...more }, password: PASSWORD, groups: inGroups })).user;
const suspend = async (username: string, status = UserStatus.SUSPENDED) =>
  (await users()).updateUser({ user: { username, status }, updateMask: { paths: ['status'] } });

/** The reason a call is refused with. */
async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return ConnectError.from(error).findDetails(ErrorDetailSchema)[0]?.reason ?? String(error);
  }
}

describe('people', () => {
  it('are made with what the directory shows of them, and can sign in', async () => {
    const grace = await make('grace', { email: 'Grace@Example.org', displayName: 'Grace Hopper' }, ['sysadmins']);
    expect(grace).toMatchObject({
      username: 'grace',
      email: 'grace@example.org',
      emailVerified: true,
      shell: '/bin/bash',
      status: UserStatus.ACTIVE,
      administrator: true,
      groups: ['sysadmins'],
      hasPassword: true,
    });
    expect((await whoAmI(await signIn('grace'))).user?.administrator).toBe(true);
  });

  it('get numbers from 2000 on that nobody gets again', async () => {
    const numbers = [(await make('one'))?.uidNumber, (await make('two'))?.uidNumber];
    await (await users()).deleteUser({ user: 'two' });
    numbers.push((await make('two'))?.uidNumber);
    expect(numbers[0]).toBeGreaterThanOrEqual(2_000);
    expect(numbers[1]).toBe((numbers[0] ?? 0) + 1);
    expect(numbers[2]).toBe((numbers[0] ?? 0) + 2);
  });

  it('are made once for a key, whatever else comes with it', async () => {
    const request = { user: { username: 'grace' }, password: PASSWORD, idempotencyKey: 'k1' };
    const first = await (await users()).createUser(request);
    const again = await (await users()).createUser(request);
    expect(again.user?.id).toBe(first.user?.id);
    expect(await reasonOf((await users()).createUser({ ...request, user: { username: 'eve' } }))).toBe(
      'idempotency_key_reused',
    );
    const kept = await bench.store.db.selectFrom('idempotency_keys').select('request_hash').execute();
    const other = await (await users()).createUser({ ...request, password: NEWS });
    expect(other.user?.id, 'no hash of the password is kept').toBe(first.user?.id);
    expect(kept).toHaveLength(1);
  });

  it('cannot share a login name or an address', async () => {
    await make('grace', { email: 'grace@example.org' });
    expect(await reasonOf(make('grace'))).toBe('username_taken');
    expect(await reasonOf(make('eve', { email: 'GRACE@example.org' }))).toBe('email_taken');
    await make('eve');
    const change = (await users()).updateUser({
      user: { username: 'eve', email: 'grace@example.org' },
      updateMask: { paths: ['email'] },
    });
    expect(await reasonOf(change)).toBe('email_taken');
  });

  it('are found by part of a name or address in any case, page by page', async () => {
    await make('grace', { displayName: 'Grâce Hopper', email: 'gh@navy.example' });
    await make('hedy', { displayName: 'Hedy 100%_! Lamarr' });
    const find = async (query: string) =>
      (await (await users()).listUsers({ query })).users.map(({ username }) => username);
    expect(await find('GRÂCE')).toEqual(['grace']);
    expect(await find('navy')).toEqual(['grace']);
    expect(await find('100%_!')).toEqual(['hedy']);
    expect(await find('%')).toEqual(['hedy']);
    expect(await find('a_a')).toEqual([]);
    const first = await (await users()).listUsers({ pageSize: 3 });
    const second = await (await users()).listUsers({ pageSize: 3, pageToken: first.nextPageToken });
    expect([...first.users, ...second.users].map(({ username }) => username)).toEqual([
      'ada',
      'grace',
      'hedy',
      'olga',
      'sam',
    ]);
    await suspend('sam');
    const { users: suspended } = await (await users()).listUsers({ status: UserStatus.SUSPENDED });
    expect(suspended.map(({ username }) => username)).toEqual(['sam']);
  });

  it('are known to each other by name alone', async () => {
    await make('grace', { displayName: 'Grace Hopper', email: 'secret@example.org' });
    await suspend('sam');
    const client = await bench.client(UsersService, bench.site.owner);
    const found = await client.lookupPeople({ query: 'hop' });
    expect(JSON.stringify(found)).not.toContain('secret@');
    expect(found.people).toMatchObject([{ username: 'grace', displayName: 'Grace Hopper' }]);
    expect((await client.lookupPeople({ query: 's' })).people).toEqual([]);
    expect((await client.lookupPeople({ query: 's' })).groups).toMatchObject([{ name: 'sysadmins' }]);
    expect((await client.lookupPeople({ query: 's', peopleOnly: true })).groups).toEqual([]);
  });

  it('lose sessions and tokens at once when suspended, and get them back by nobody', async () => {
    const sam = bench.site.stranger.userId;
    await (await users()).setUserPassword({ user: 'sam', password: PASSWORD });
    const token = await signIn('sam');
    await bench.store.db
      .insertInto('api_tokens')
      .values({
        ...{ id: 'tok-1', user_id: sam, name: '', prefix: '', token_hash: 'a'.repeat(64), scope: 'read' },
        ...{ site_id: null, container_id: null, created_at: 1, expires_at: null, last_used_at: null },
        last_used_address: '',
      })
      .execute();
    await suspend('sam');
    await expect(whoAmI(token)).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(signIn('sam')).rejects.toMatchObject({ code: Code.Unauthenticated });
    await suspend('sam', UserStatus.ACTIVE);
    await expect(whoAmI(token)).rejects.toMatchObject({ code: Code.Unauthenticated });
    expect(await bench.store.db.selectFrom('api_tokens').selectAll().execute()).toEqual([]);
    await signIn('sam');
  });

  it('are signed out when somebody sets their password', async () => {
    await make('grace');
    const token = await signIn('grace');
    await (await users()).setUserPassword({ user: 'grace', password: NEWS });
    await expect(whoAmI(token)).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(signIn('grace')).rejects.toMatchObject({ code: Code.Unauthenticated });
    await signIn('grace', NEWS);
  });

  it('stay while they own containers, and the refusal names them', async () => {
    const client = await bench.client(ContainersService, bench.site.owner);
    await client.createContainer(containerRequest('web1'));
    const refused = await (await users()).deleteUser({ user: 'olga' }).catch((error: unknown) => error);
    expect(String(refused)).toContain('olga still owns containers: lab/web1.');
    expect(await reasonOf((await users()).deleteUser({ user: 'olga' }))).toBe('user_owns_containers');
    await (await users()).deleteUser({ user: 'sam' });
    expect(await reasonOf((await users()).getUser({ user: 'sam' }))).toBe('user_not_found');
  });
});

describe('the last administrator', () => {
  const refused = 'last_administrator';
  beforeEach(async () => {
    await (await users()).setUserPassword({ user: 'ada', password: PASSWORD });
  });

  it('can be neither suspended, deleted, demoted nor left without a password', async () => {
    expect(await reasonOf(suspend('ada'))).toBe(refused);
    expect(await reasonOf((await users()).deleteUser({ user: 'ada' }))).toBe(refused);
    expect(await reasonOf((await groups()).removeGroupMember({ group: 'sysadmins', member: person('ada') }))).toBe(
      refused,
    );
    expect(await reasonOf((await users()).setUserPassword({ user: 'ada', password: '' }))).toBe(refused);
  });

  it('is not whoever cannot sign in', async () => {
    await make('grace', {}, ['sysadmins']);
    await suspend('grace');
    expect(await reasonOf(suspend('ada'))).toBe(refused);
    await suspend('grace', UserStatus.ACTIVE);
    await (await users()).setUserPassword({ user: 'grace', password: '' });
    expect(await reasonOf(suspend('ada'))).toBe(refused);
    await (await users()).setUserPassword({ user: 'grace', password: NEWS });
    expect(await reasonOf(suspend('ada'))).toBe('none');
  });

  it('is kept through nested groups and through groups with the right', async () => {
    await (await groups()).createGroup({ group: { name: 'heads', administrator: true } });
    await (await groups()).createGroup({ group: { name: 'deputies' } });
    await (await groups()).addGroupMember({ group: 'heads', member: group('deputies') });
    await (await groups()).addGroupMember({ group: 'deputies', member: person('sam') });
    await (await users()).setUserPassword({ user: 'sam', password: PASSWORD });
    await (await groups()).removeGroupMember({ group: 'sysadmins', member: person('ada') });
    const asSam = createClient(GroupsService, bench.transport(await signIn('sam')));
    expect(await reasonOf(asSam.removeGroupMember({ group: 'heads', member: group('deputies') }))).toBe(refused);
    expect(await reasonOf(asSam.deleteGroup({ group: 'deputies' }))).toBe(refused);
    const demote = asSam.updateGroup({
      group: { name: 'heads', administrator: false },
      updateMask: { paths: ['administrator'] },
    });
    expect(await reasonOf(demote)).toBe(refused);
  });
});

describe('groups', () => {
  it('have numbers from 2002 on that are not given again, and members by name, groups first', async () => {
    const { group: crew } = await (await groups()).createGroup({ group: { name: 'crew', description: 'On board' } });
    expect(crew).toMatchObject({ gidNumber: 2_002, memberCount: 0, administrator: false, builtIn: false });
    for (const name of ['sam', 'olga']) await (await groups()).addGroupMember({ group: 'crew', member: person(name) });
    await (await groups()).createGroup({ group: { name: 'tutors' } });
    await (await groups()).addGroupMember({ group: 'crew', member: group('tutors') });
    await (await groups()).addGroupMember({ group: 'crew', member: group('tutors') });
    const names: unknown[] = [];
    for (let pageToken = ''; ; ) {
      const page = await (await groups()).listGroupMembers({ group: 'crew', pageSize: 1, pageToken });
      names.push(...page.members.map(({ member }) => member.value));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(names).toEqual(['tutors', 'olga', 'sam']);
    expect((await (await groups()).getGroup({ group: 'crew' })).group?.memberCount).toBe(3);
    await (await groups()).deleteGroup({ group: 'crew' });
    expect((await (await groups()).createGroup({ group: { name: 'crew' } })).group?.gidNumber).toBe(2_004);
  });

  it('never end up in themselves', async () => {
    for (const name of ['a', 'b', 'c']) await (await groups()).createGroup({ group: { name } });
    await (await groups()).addGroupMember({ group: 'a', member: group('b') });
    await (await groups()).addGroupMember({ group: 'b', member: group('c') });
    expect(await reasonOf((await groups()).addGroupMember({ group: 'c', member: group('a') }))).toBe('group_ring');
    expect(await reasonOf((await groups()).addGroupMember({ group: 'a', member: group('a') }))).toBe('group_ring');
  });

  it('that are there from the start stay as they are, but for what is said of them', async () => {
    for (const name of ['sysadmins', 'ldapusers']) {
      expect(await reasonOf((await groups()).deleteGroup({ group: name }))).toBe('group_built_in');
      const update = (path: string) =>
        bench.client(GroupsService, bench.site.administrator).then(async (client) => {
          const { group: found } = await client.getGroup({ group: name });
          return client.updateGroup({
            group: { id: found?.id ?? '', name: 'other', description: 'ours' },
            updateMask: { paths: [path] },
          });
        });
      expect(await reasonOf(update('name'))).toBe('group_built_in');
      expect(await reasonOf(update('administrator'))).toBe('group_built_in');
      expect((await update('description')).group?.description).toBe('ours');
    }
    expect(await reasonOf((await groups()).addGroupMember({ group: 'ldapusers', member: person('sam') }))).toBe(
      'invalid_field',
    );
    const everybody = (await groups()).addGroupMember({ group: 'sysadmins', member: group('ldapusers') });
    expect(await reasonOf(everybody)).toBe('everybody_administrator');
  });
});

describe("one's own account", () => {
  let token: string;
  const account = () => createClient(AccountService, bench.transport(token));
  beforeEach(async () => {
    await make('grace', { email: 'grace@example.org' });
    token = await signIn('grace');
  });

  it('changes its password with the present one, and other sessions end', async () => {
    const elsewhere = await signIn('grace');
    const change = (currentPassword: string, newPassword: string) =>
      account().changePassword({ currentPassword, newPassword });
    expect(await reasonOf(change('not that one', NEWS))).toBe('wrong_password');
    expect(await reasonOf(change(PASSWORD, PASSWORD))).toBe('invalid_field');
    expect(await reasonOf(change(PASSWORD, 'grace@example'))).toBe('invalid_field');
    await change(PASSWORD, NEWS);
    await whoAmI(token);
    await expect(whoAmI(elsewhere)).rejects.toMatchObject({ code: Code.Unauthenticated });
    await signIn('grace', NEWS);
  });

  it('changes its address only with the password', async () => {
    const change = (currentPassword: string) =>
      account().updateProfile({
        user: { email: 'hopper@example.org', displayName: 'Grace' },
        updateMask: { paths: ['email', 'display_name'] },
        currentPassword,
      });
    expect(await reasonOf(change(''))).toBe('wrong_password');
    expect(await reasonOf(change('not that one'))).toBe('wrong_password');
    await change(PASSWORD);
    expect((await account().getProfile({})).user).toMatchObject({ email: 'hopper@example.org', emailVerified: false });
    const same = { user: { email: 'hopper@example.org', shell: '/bin/sh' }, updateMask: { paths: ['email', 'shell'] } };
    expect((await account().updateProfile(same)).user?.shell).toBe('/bin/sh');
  });

  it('has SSH keys, each once, which administrators see and may change too', async () => {
    const publicKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'E'.repeat(43)} grace@navy`;
    const { key } = await account().addSshKey({ key: { publicKey } });
    expect(key).toMatchObject({ name: 'grace@navy', keyType: 'ssh-ed25519' });
    const again = await account()
      .addSshKey({ key: { publicKey, name: 'other' } })
      .catch((error: unknown) => error);
    expect(String(again)).toContain('This key is there already, as "grace@navy".');
    const stranger = await bench.client(AccountService, bench.site.stranger);
    expect(await reasonOf(stranger.listSshKeys({ user: 'grace' }))).toBe('administrator_required');
    expect(await reasonOf(stranger.deleteSshKey({ key: key?.id ?? '' }))).toBe('ssh_key_not_found');
    const administrator = await bench.client(AccountService, bench.site.administrator);
    expect((await administrator.listSshKeys({ user: 'grace' })).keys).toHaveLength(1);
    await stranger.addSshKey({ key: { publicKey } });
    await administrator.deleteSshKey({ key: key?.id ?? '' });
    expect((await account().listSshKeys({})).keys).toEqual([]);
  });
});
