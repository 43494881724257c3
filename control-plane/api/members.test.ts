import { ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import { ContainerSelection } from '@berth/proto/api/v1/containers_pb.js';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../app/caller.ts';
import { newId } from '../ids.ts';
import { directoryChangesSince, directoryRevision } from '../store/directory-changes.ts';
import { addGroupMember, insertGroup } from '../store/groups.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';
import { addPerson, sharedContainer } from './testing/shared-container.ts';

describe('members of a container', () => {
  let bench: ApiBench;
  let web1: Awaited<ReturnType<typeof sharedContainer>>;
  let owner: Caller;
  let sam: Caller;
  beforeEach(async () => {
    bench = await openApiBench();
    web1 = await sharedContainer(bench);
    ({ owner, stranger: sam } = bench.site);
  });
  afterEach(() => bench.close());

  const user = (value: string) => ({ holder: { case: 'user' as const, value } });
  const group = (value: string) => ({ holder: { case: 'group' as const, value } });
  const share = async (holder: ReturnType<typeof user> | ReturnType<typeof group>, role: ContainerRole, by = owner) =>
    (await web1.access(by)).setMember({ container: web1.id, holder, role });
  const seenBy = async (caller: Caller) => (await web1.containers(caller)).getContainer({ container: web1.id });
  const audited = async (action: string) => {
    const rows = await bench.store.db.selectFrom('audit').selectAll().where('action', '=', action).execute();
    return rows.map((row) => [row.user_name, row.object_name, JSON.parse(row.change_json)]);
  };

  it('see it from the moment they are given a role, and not any more when it is taken away', async () => {
    await expect(seenBy(sam)).rejects.toMatchObject({ code: Code.NotFound });
    await share(user('sam'), ContainerRole.VIEWER);
    expect((await seenBy(sam)).container).toMatchObject({ hostname: 'web1', myRole: ContainerRole.VIEWER });
    await share(user('sam'), ContainerRole.MAINTAINER);
    expect((await seenBy(sam)).container?.myRole).toBe(ContainerRole.MAINTAINER);
    await (await web1.access(owner)).removeMember({ container: web1.id, holder: user('sam') });
    await expect(seenBy(sam)).rejects.toMatchObject({ code: Code.NotFound });
    expect(await audited('container.share')).toEqual([
      ['olga', 'lab/web1', { user: 'sam', role: { from: null, to: 'viewer' } }],
      ['olga', 'lab/web1', { user: 'sam', role: { from: 'viewer', to: 'maintainer' } }],
    ]);
    expect(await audited('container.unshare')).toEqual([
      ['olga', 'lab/web1', { user: 'sam', role: { from: 'maintainer', to: null } }],
    ]);
  });

  it('may be groups, whose own members and those of groups within then have the role', async () => {
    await bench.store.transaction(async (tx) => {
      const [outer, inner] = [newId('grp', tx.now), newId('grp', tx.now)];
      for (const [id, name] of [[outer, 'staff'] as const, [inner, 'tutors'] as const]) {
        await insertGroup(tx, { id, name, description: '', administrator: 0, built_in: 0 });
      }
      await addGroupMember(tx, outer, { groupId: inner });
      await addGroupMember(tx, inner, { userId: sam.userId });
    });
    await share(group('staff'), ContainerRole.USER);
    expect((await seenBy(sam)).container?.myRole).toBe(ContainerRole.USER);
    await bench.clock.advance(1);
    await share(user('sam'), ContainerRole.VIEWER);
    expect((await seenBy(sam)).container?.myRole).toBe(ContainerRole.USER);
    const { members } = await (await web1.access(sam)).listMembers({ container: web1.id });
    expect(members.map(({ holder, role }) => [holder?.holder.value, role])).toEqual([
      ['olga', ContainerRole.OWNER],
      ['staff', ContainerRole.USER],
      ['sam', ContainerRole.VIEWER],
    ]);
  });

  it('are found by pages', async () => {
    for (const name of ['uma', 'vera', 'mia']) {
      await addPerson(bench, name);
      await share(user(name), ContainerRole.VIEWER);
      await bench.clock.advance(1);
    }
    const client = await web1.access(owner);
    const first = await client.listMembers({ container: web1.id, pageSize: 2 });
    const rest = await client.listMembers({ container: web1.id, pageSize: 2, pageToken: first.nextPageToken });
    const names = [first, rest].map(({ members }) => members.map(({ holder }) => holder?.holder.value));
    expect(names).toEqual([['olga', 'uma', 'vera'], ['mia']]);
    expect(rest.nextPageToken).toBe('');
  });

  it('are a matter of the owner alone', async () => {
    await addPerson(bench, 'uma');
    await share(user('sam'), ContainerRole.MAINTAINER);
    await expect(share(user('uma'), ContainerRole.VIEWER, sam)).rejects.toMatchObject({ code: Code.PermissionDenied });
    await expect(share(user('olga'), ContainerRole.VIEWER)).rejects.toThrow('owns the container');
  });

  it('may leave by themselves, but not who has his role by something else', async () => {
    await share(user('sam'), ContainerRole.USER);
    await (await web1.access(sam)).leaveContainer({ container: web1.id });
    await expect(seenBy(sam)).rejects.toMatchObject({ code: Code.NotFound });
    await share(group('ldapusers'), ContainerRole.VIEWER);
    const leave = async (caller: Caller) => (await web1.access(caller)).leaveContainer({ container: web1.id });
    await expect(leave(sam)).rejects.toThrow('comes from a group');
    await expect(leave(owner)).rejects.toThrow('transfer it');
  });

  it('change what the directory shows of the container, each time', async () => {
    const before = await directoryRevision(bench.store.db);
    await share(user('sam'), ContainerRole.USER);
    await (await web1.access(owner)).transferOwnership({ container: web1.id, newOwner: 'sam' });
    const changes = await directoryChangesSince(bench.store.db, before);
    expect(new Set(changes.map(({ kind, object_id }) => `${kind} ${object_id}`))).toEqual(
      new Set([`container ${web1.id}`]),
    );
    expect(changes.length).toBeGreaterThanOrEqual(2);
  });

  it('give way to a new owner, who has to be active', async () => {
    await addPerson(bench, 'penny', 'pending');
    const transfer = async (newOwner: string, formerOwnerRole = ContainerRole.UNSPECIFIED) =>
      (await web1.access(owner)).transferOwnership({ container: web1.id, newOwner, formerOwnerRole });
    await expect(transfer('penny')).rejects.toThrow('not active');
    await share(user('sam'), ContainerRole.VIEWER);
    await transfer('sam', ContainerRole.MAINTAINER);
    expect((await seenBy(sam)).container).toMatchObject({ owner: 'sam', myRole: ContainerRole.OWNER });
    expect((await seenBy(owner)).container?.myRole).toBe(ContainerRole.MAINTAINER);
    await expect(transfer('olga')).rejects.toMatchObject({ code: Code.PermissionDenied });
    const { members } = await (await web1.access(sam)).listMembers({ container: web1.id });
    expect(members.map(({ holder }) => holder?.holder.value)).toEqual(['sam', 'olga']);
    expect(await audited('container.transfer')).toEqual([
      ['olga', 'lab/web1', { owner: { from: 'olga', to: 'sam' }, former_owner_role: 'maintainer' }],
    ]);
  });

  it('decide which containers a list is about', async () => {
    await share(user('sam'), ContainerRole.VIEWER);
    const count = async (caller: Caller, selection: ContainerSelection) =>
      (await (await web1.containers(caller)).listContainers({ selection })).containers.length;
    const { OWNED, SHARED, UNSPECIFIED } = ContainerSelection;
    expect([await count(owner, OWNED), await count(owner, SHARED)]).toEqual([1, 0]);
    expect([await count(sam, OWNED), await count(sam, SHARED)]).toEqual([0, 1]);
    const { administrator } = bench.site;
    expect([await count(administrator, UNSPECIFIED), await count(administrator, SHARED)]).toEqual([1, 0]);
  });
});

describe('whoever watches a container', () => {
  let bench: ApiBench;
  beforeEach(async () => {
    bench = await openApiBench();
  });
  afterEach(() => bench.close());

  it('is cut off at the moment his access ends, and hears of other changes of its members', async () => {
    const web1 = await sharedContainer(bench);
    const { owner, stranger: sam } = bench.site;
    const client = await web1.access(owner);
    const sams = { container: web1.id, holder: { holder: { case: 'user' as const, value: 'sam' } } };
    await client.setMember({ ...sams, role: ContainerRole.VIEWER });
    const members = (await web1.access(sam)).watchMembers({ container: web1.id })[Symbol.asyncIterator]();
    const container = (await web1.containers(sam)).watchContainer({ container: web1.id })[Symbol.asyncIterator]();
    expect((await members.next()).value).toMatchObject({ total: 2, openRequests: 0 });
    await container.next();
    await addPerson(bench, 'uma');
    const umas = { holder: { case: 'user' as const, value: 'uma' } };
    await client.setMember({ container: web1.id, holder: umas, role: ContainerRole.USER });
    expect((await members.next()).value).toMatchObject({ total: 3 });
    await client.removeMember(sams);
    await expect(members.next()).rejects.toMatchObject({ code: Code.NotFound });
    await expect(container.next()).rejects.toMatchObject({ code: Code.NotFound });
  });

  it('is cut off when the group he has his role by is, and when he is suspended', async () => {
    const web1 = await sharedContainer(bench);
    const { owner, stranger: sam } = bench.site;
    const client = await web1.access(owner);
    const all = { container: web1.id, holder: { holder: { case: 'group' as const, value: 'ldapusers' } } };
    await client.setMember({ ...all, role: ContainerRole.VIEWER });
    const watch = async (caller: Caller) => {
      const stream = (await web1.containers(caller)).watchContainer({ container: web1.id })[Symbol.asyncIterator]();
      await stream.next();
      return stream;
    };
    const first = await watch(sam);
    await client.removeMember(all);
    await expect(first.next()).rejects.toMatchObject({ code: Code.NotFound });
    const second = await watch(owner);
    await bench.store.transaction(async (tx) => {
      await tx.db.updateTable('users').set({ status: 'suspended' }).where('id', '=', owner.userId).execute();
      tx.nudge({ kind: 'user', id: owner.userId });
    });
    await expect(second.next()).rejects.toMatchObject({ code: Code.Unauthenticated });
  });
});
