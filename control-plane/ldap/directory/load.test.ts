import { afterEach, expect, test } from 'vitest';
import { describeEachDialect } from '../../../test/support/database-each.ts';
import { newId } from '../../ids.ts';
import { LDAPUSERS } from '../../store/built-in-groups.ts';
import { insertContainer } from '../../store/containers.ts';
import { takeNumber } from '../../store/counters.ts';
import { bumpDirectory } from '../../store/directory-changes.ts';
import { addGroupMember } from '../../store/groups.ts';
import { insertNode } from '../../store/nodes.ts';
import { openStore } from '../../store/open.ts';
import { openRevisionReader } from '../../store/revision-reader.ts';
import { sampleContainer, sampleNode, sampleSite } from '../../store/sample-rows.ts';
import { insertSite } from '../../store/sites.ts';
import type { Store, Tx } from '../../store/store.ts';
import { insertUser } from '../../store/users.ts';
import { Selection } from '../schema/selection.ts';
import { BASE } from '../testing/sample-directory.ts';
import { Directory } from './directory.ts';
import { DirectoryReader } from './load.ts';
import { View } from './view.ts';

const EVERYTHING = {
  people: undefined,
  emptyGroups: true,
  containers: (d: Directory) => d.containers(),
  ownRules: false,
};
// Times of change are the reader's own.
const SELECTION = new Selection(['*', 'memberOf', 'entryUUID']);

/** Everything there is to see, as bytes. */
function picture(directory: Directory): string[] {
  const view = new View(directory, EVERYTHING);
  const entries = [
    ...view.people().map((person) => person.entry),
    ...view.groups().map((group) => view.group(group)),
    ...view.sudoRules().values(),
    ...view.services().values(),
  ];
  return entries.map((entry) => entry.encoded(SELECTION, false).toString('latin1'));
}

describeEachDialect('a directory kept up to date', (open) => {
  let store: Store;
  afterEach(() => store.close());

  async function person(tx: Tx, username: string): Promise<string> {
    const id = newId('usr', tx.now);
    await insertUser(tx, {
      id,
      username,
      display_name: username,
      email: null,
      password_hash: '',
      status: 'active',
      created_at: tx.now,
    });
    return id;
  }

  async function group(tx: Tx, name: string): Promise<string> {
    const id = newId('grp', tx.now);
    const gid_number = await takeNumber(tx, 'gid_number');
    const rest = { description: '', administrator: 0, built_in: 0, created_at: tx.now, updated_at: tx.now };
    await tx.db
      .insertInto('groups')
      .values({ id, name, gid_number, ...rest })
      .execute();
    await bumpDirectory(tx, 'group', id);
    return id;
  }

  test('is what a directory read anew is, after every change', async () => {
    const { url } = await open();
    store = await openStore({ url, masterKey: new Uint8Array(32) });
    const kept = new Directory(BASE);
    const reader = new DirectoryReader(store, kept);
    await reader.catchUp();
    const revisions = await openRevisionReader(store, url);
    const ids: Record<string, string> = {};
    const steps: ((tx: Tx) => Promise<unknown>)[] = [
      async (tx) => Object.assign(ids, { ada: await person(tx, 'ada'), bob: await person(tx, 'bob') }),
      async (tx) => Object.assign(ids, { dev: await group(tx, 'dev'), ops: await group(tx, 'ops') }),
      (tx) => addGroupMember(tx, ids.dev ?? '', { userId: ids.ada ?? '' }),
      (tx) => addGroupMember(tx, ids.ops ?? '', { groupId: ids.dev ?? '' }),
      async (tx) => {
        await insertSite(tx, sampleSite());
        await insertNode(tx, store.secrets, { ...sampleNode(), token_secret: 'x' });
        await insertContainer(tx, sampleContainer(1, { owner_id: ids.bob ?? '' }));
        await bumpDirectory(tx, 'container', 'ctr-000001');
      },
      async (tx) => {
        const grant = {
          id: 'mem-1',
          container_id: 'ctr-000001',
          user_id: null,
          group_id: ids.ops ?? '',
          role: 'maintainer' as const,
        };
        await tx.db
          .insertInto('container_members')
          .values({ ...grant, granted_by: null, created_at: tx.now })
          .execute();
        await bumpDirectory(tx, 'container', 'ctr-000001');
      },
      async (tx) => {
        await tx.db.updateTable('users').set({ status: 'suspended' }).where('username', '=', 'ada').execute();
        await bumpDirectory(tx, 'user', ids.ada ?? '');
      },
      async (tx) => {
        const key = {
          id: 'key-1',
          user_id: ids.bob ?? '',
          name: 'k',
          key_type: 'ssh-ed25519',
          public_key: 'ssh-ed25519 AAAA',
        };
        await tx.db
          .insertInto('ssh_keys')
          .values({ ...key, fingerprint: 'x', created_at: tx.now })
          .execute();
        await bumpDirectory(tx, 'user', ids.bob ?? '');
      },
      async (tx) => {
        await tx.db
          .deleteFrom('group_members')
          .where('group_id', '=', ids.ops ?? '')
          .execute();
        await bumpDirectory(tx, 'group', ids.ops ?? '');
      },
      (tx) => addGroupMember(tx, ids.dev ?? '', { groupId: LDAPUSERS.id }),
      async (tx) => {
        await tx.db.deleteFrom('containers').execute();
        await bumpDirectory(tx, 'container', 'ctr-000001');
        await tx.db
          .deleteFrom('groups')
          .where('id', '=', ids.ops ?? '')
          .execute();
        await bumpDirectory(tx, 'group', ids.ops ?? '');
      },
    ];
    for (const step of steps) {
      const before = kept.changedAt;
      await store.transaction(step);
      expect(kept.revision).toBeLessThan(await revisions.read());
      await reader.catchUp();
      expect(kept.revision).toBe(await revisions.read());
      expect(kept.changedAt).toBeGreaterThan(before);
      const anew = new Directory(BASE);
      await new DirectoryReader(store, anew).catchUp();
      expect(picture(kept)).toEqual(picture(anew));
    }
    revisions.close();
  });

  test('is read anew when it has fallen behind further than changes are kept', async () => {
    const { url } = await open();
    store = await openStore({ url, masterKey: new Uint8Array(32) });
    const kept = new Directory(BASE);
    const reader = new DirectoryReader(store, kept);
    await reader.catchUp();
    await store.transaction((tx) => person(tx, 'ada'));
    await store.transaction((tx) => person(tx, 'bob'));
    await store.db
      .deleteFrom('directory_changes')
      .where('revision', '<=', kept.revision + 1)
      .execute();
    await reader.catchUp();
    expect(kept.activePeople().map(({ record }) => record.username)).toEqual(['ada', 'bob']);
  });

  test('is read anew when the database was put back from a backup', async () => {
    const { url } = await open();
    store = await openStore({ url, masterKey: new Uint8Array(32) });
    await store.transaction((tx) => person(tx, 'ada'));
    const { value } = await store.db
      .selectFrom('counters')
      .selectAll()
      .where('name', '=', 'directory_revision')
      .executeTakeFirstOrThrow();
    await store.transaction((tx) => person(tx, 'bob'));
    const kept = new Directory(BASE);
    const reader = new DirectoryReader(store, kept);
    await reader.catchUp();
    await store.db.deleteFrom('users').where('username', '=', 'bob').execute();
    await store.db.updateTable('counters').set({ value }).where('name', '=', 'directory_revision').execute();
    await reader.catchUp();
    expect(kept.activePeople().map(({ record }) => record.username)).toEqual(['ada']);
  });
});
