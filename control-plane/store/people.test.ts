import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AppDeps } from '../app/app-deps.ts';
import type { Caller } from '../app/caller.ts';
import { addMember, removeMember } from '../app/groups/members.ts';
import { newId } from '../ids.ts';
import { LDAPUSERS, SYSADMINS } from './built-in-groups.ts';
import { directoryChangesSince, directoryRevision } from './directory-changes.ts';
import { addGroupMember, deleteGroup, groupsWithin, insertGroup, type NewMember, removeGroupMember } from './groups.ts';
import { openStore } from './open.ts';
import { factsOfPeople, listMembers, listPeople, lookupGroups, lookupPeople } from './people-lists.ts';
import { insertSshKey } from './ssh-keys.ts';
import { activeAdministratorExists, administratorExists, administratorsAmong, standingOf } from './standing.ts';
import type { Store } from './store.ts';
import { deleteUser, insertUser, setPasswordHash, updateUser } from './users.ts';

describeEachDialect('people and groups', (create) => {
  let store: Store;
  beforeAll(async () => {
    const { url } = await create();
    store = await openStore({ url, masterKey: Buffer.alloc(32, 1), clock: new VirtualClock() });
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    await store.db.deleteFrom('users').execute();
    await store.db.deleteFrom('groups').where('built_in', '=', 0).execute();
    await store.db.deleteFrom('group_members').execute();
  });

  const person = async (username: string, change: { display_name?: string; email?: string | null } = {}) => {
    const id = newId('usr', 1);
    const row = { id, username, display_name: '', email: null, password_hash: 'x', created_at: 1, ...change };
    await store.transaction((tx) => insertUser(tx, { ...row, status: 'active' }));
    return id;
  };
  const group = async (name: string, administrator = 0) => {
    const row = { id: `grp-${name}`, name, description: '', administrator, built_in: 0 };
    await store.transaction((tx) => insertGroup(tx, row));
    return row.id;
  };
  const put = (into: string, member: NewMember) => store.transaction((tx) => addGroupMember(tx, into, member));

  it('find who belongs to what through groups within groups, also in a ring', async () => {
    const ada = await person('ada');
    const [inner, middle, outer] = [await group('inner'), await group('middle'), await group('outer', 1)];
    await put(inner, { userId: ada });
    await put(middle, { groupId: inner });
    await put(outer, { groupId: middle });
    await put(inner, { groupId: outer });
    const standing = await standingOf(store.db, ada);
    expect(new Set(standing.groupIds)).toEqual(new Set([inner, middle, outer, LDAPUSERS.id]));
    expect(standing.administrator).toBe(true);
    expect(await groupsWithin(store.db, [middle])).toEqual(new Set([inner, middle, outer]));
    expect(await administratorsAmong(store.db, [ada, await person('eve')])).toEqual(new Set([ada]));
    await store.transaction((tx) => removeGroupMember(tx, middle, { groupId: inner }));
    expect((await standingOf(store.db, ada)).administrator).toBe(false);
  });

  it('know whether somebody who can sign in administers', async () => {
    const ada = await person('ada');
    expect(await administratorExists(store.db)).toBe(false);
    await put(SYSADMINS.id, { userId: ada });
    expect([await administratorExists(store.db), await activeAdministratorExists(store.db)]).toEqual([true, true]);
    await store.transaction((tx) => updateUser(tx, ada, { status: 'suspended' }));
    expect([await administratorExists(store.db), await activeAdministratorExists(store.db)]).toEqual([true, false]);
    await store.transaction((tx) => updateUser(tx, ada, { status: 'active' }));
    await store.transaction((tx) => setPasswordHash(tx, ada, ''));
    expect(await activeAdministratorExists(store.db)).toBe(false);
  });

  it('keep an administrator when two demote each other at the same moment', async () => {
    const [ada, bob] = [await person('ada'), await person('bob')];
    for (const userId of [ada, bob]) await put(SYSADMINS.id, { userId });
    const deps = { store } as AppDeps;
    const demote = (user: string) =>
      removeMember(deps, asAdministrator(ada), {
        $typeName: 'berth.api.v1.RemoveGroupMemberRequest',
        group: 'sysadmins',
        member: { $typeName: 'berth.api.v1.GroupMember', member: { case: 'user', value: user }, displayName: '' },
      });
    const ends = await Promise.allSettled([demote('ada'), demote('bob')]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await activeAdministratorExists(store.db)).toBe(true);
  });

  it('make no ring of two groups that are put into each other at the same moment', async () => {
    await put(SYSADMINS.id, { userId: await person('ada') });
    await Promise.all([group('one'), group('two')]);
    const deps = { store } as AppDeps;
    const nest = (into: string, value: string) =>
      addMember(deps, asAdministrator('usr-1'), {
        $typeName: 'berth.api.v1.AddGroupMemberRequest',
        group: into,
        member: { $typeName: 'berth.api.v1.GroupMember', member: { case: 'group', value }, displayName: '' },
      });
    const ends = await Promise.allSettled([nest('one', 'two'), nest('two', 'one')]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('are found whatever the case of their letters, and patterns stand for themselves', async () => {
    await person('eva', { display_name: 'Éva Ørsted-Ähm', email: 'eva@example.org' });
    await person('max', { display_name: '50%_off! \\ sale', email: null });
    const search = async (query: string) =>
      (await listPeople(store.db, { query }, undefined, 10)).map(({ username }) => username);
    for (const query of ['éva', 'ørsted', 'ähm', 'eva@', 'v']) expect(await search(query), query).toEqual(['eva']);
    for (const query of ['%', '_o', '! ', '\\']) expect(await search(query), query).toEqual(['max']);
    expect(await search('')).toEqual(['eva', 'max']);
    expect(await search("'; drop table users; --")).toEqual([]);
    expect((await lookupPeople(store.db, 'ørs', 5)).map(({ username }) => username)).toEqual(['eva']);
    expect(await lookupPeople(store.db, 'sted', 5)).toEqual([]);
    expect((await lookupGroups(store.db, 'sys', 5)).map(({ name }) => name)).toEqual(['sysadmins']);
    expect(await lookupGroups(store.db, '_', 5)).toEqual([]);
  });

  it('are listed with what hangs on them, and members in order', async () => {
    const [ada, bob] = [await person('ada'), await person('bob')];
    const [crew, zoo] = [await group('crew'), await group('zoo')];
    for (const userId of [bob, ada]) await put(crew, { userId });
    await put(crew, { groupId: zoo });
    await put(SYSADMINS.id, { userId: ada });
    const key = { id: 'key-1', user_id: ada, name: '', key_type: '', public_key: '', fingerprint: '', created_at: 1 };
    await store.transaction((tx) => insertSshKey(tx, key));
    const facts = await factsOfPeople(store.db, [ada, bob]);
    expect(facts(ada)).toEqual({ administrator: true, groups: ['crew', 'sysadmins'], keys: 1, containers: 0 });
    expect(facts(bob)).toEqual({ administrator: false, groups: ['crew'], keys: 0, containers: 0 });
    const names = (await listMembers(store.db, crew, undefined, 10)).map(({ name }) => name);
    expect(names).toEqual(['zoo', 'ada', 'bob']);
    expect((await listMembers(store.db, crew, { kind: 'group', name: 'zoo' }, 1)).map(({ name }) => name)).toEqual([
      'ada',
    ]);
    expect((await listMembers(store.db, crew, { kind: 'user', name: 'ada' }, 9)).map(({ name }) => name)).toEqual([
      'bob',
    ]);
  });

  it('move the directory on with everything it shows, and no number comes back', async () => {
    const before = await directoryRevision(store.db);
    const ada = await person('ada');
    const crew = await group('crew');
    await put(crew, { userId: ada });
    await store.transaction((tx) => updateUser(tx, ada, { shell: '/bin/sh' }));
    await store.transaction((tx) => deleteGroup(tx, crew));
    await store.transaction((tx) => deleteUser(tx, ada));
    const kinds = (await directoryChangesSince(store.db, before)).map(({ kind, object_id }) => [kind, object_id]);
    const [user, crewOnce] = [
      ['user', ada],
      ['group', crew],
    ];
    expect(kinds).toEqual([user, crewOnce, crewOnce, user, crewOnce, user]);
    const numbers = async () =>
      (await store.db.selectFrom('users').select('uid_number').execute()).map((row) => row.uid_number);
    const first = await person('one').then(numbers);
    await store.db.deleteFrom('users').execute();
    const second = await person('two').then(numbers);
    expect(second[0]).toBe((first[0] ?? 0) + 1);
  });

  it('made at the same moment get numbers of their own', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, i) => person(`p${i}`)));
    const rows = await store.db.selectFrom('users').select('uid_number').execute();
    expect(new Set(rows.map((row) => row.uid_number)).size).toBe(12);
  });
});

function asAdministrator(userId: string): Caller {
  const origin = { requestId: 'req-1', address: '', via: 'api' } as const;
  return { userId, username: 'ada', administrator: true, groupIds: [], siteIds: [], sessionId: '', ...origin };
}
