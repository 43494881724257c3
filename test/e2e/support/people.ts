import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import { newId } from '@berth/control-plane/ids.ts';
import { loadMasterKey } from '@berth/control-plane/master-key.ts';
import { bumpDirectory } from '@berth/control-plane/store/directory-changes.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { GrantedRole } from '@berth/control-plane/store/schema-directory.ts';
import type { Tx } from '@berth/control-plane/store/store.ts';
import { AccountService } from '@berth/proto/api/v1/account_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import type { Lab } from '../../lab/lab.ts';

/** A person of the directory, as a test makes one. */
export interface Person {
  id: string;
  username: string;
}

/** What is done to and by the people of a lab. */
export interface People {
  add(username: string, password: string): Promise<Person>;
  /** @returns the key's identifier */
  addKey(person: Person, publicKey: string): Promise<string>;
  removeKey(key: string): Promise<void>;
  suspend(person: Person): Promise<void>;
  /** Signs in as a person. @throws ConnectError when that is refused */
  signIn(person: Person, password: string): Promise<string>;
  /** Changes a person's password as that person does. */
  changePassword(person: Person, before: string, after: string): Promise<void>;
  grant(container: string, person: Person, role: GrantedRole): Promise<void>;
  withdraw(container: string, person: Person): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the people of a lab: by the API, and memberships by the database, written from another process than the control
 * plane's, as another replica would.
 */
export async function openPeople(lab: Lab): Promise<People> {
  const ca = await readFile(lab.api.caFile, 'utf8');
  const users = createClient(UsersService, lab.api.transport);
  const accounts = createClient(AccountService, lab.api.transport);
  const signIn: People['signIn'] = async ({ username }, password) =>
    (await createClient(AuthService, transportTo(lab.api.url, { ca })).signIn({ username, password })).token;
  return {
    async add(username, password) {
      const { user } = await users.createUser({ user: { username }, password });
      return { id: user?.id ?? '', username };
    },
    addKey: async (person, publicKey) =>
      (await accounts.addSshKey({ user: person.id, key: { name: 'test', publicKey } })).key?.id ?? '',
    async removeKey(key) {
      await accounts.deleteSshKey({ key });
    },
    async suspend({ id }) {
      const updateMask = { paths: ['status'] };
      await users.updateUser({ user: { id, status: UserStatus.SUSPENDED }, updateMask });
    },
    signIn,
    async changePassword(person, before, after) {
      const own = transportTo(lab.api.url, { ca, token: await signIn(person, before) });
      await createClient(AccountService, own).changePassword({ currentPassword: before, newPassword: after });
    },
    ...(await openMemberships(lab)),
  };
}

async function openMemberships(lab: Lab): Promise<Pick<People, 'grant' | 'withdraw' | 'close'>> {
  const state = lab.stateDir('cp');
  const masterKey = loadMasterKey(join(state, 'master.key'));
  const store = await openStore({ url: `sqlite:${join(state, 'berth.db')}`, masterKey });
  const withdraw = async (tx: Tx, container: string, person: Person) => {
    const ofContainer = tx.db.deleteFrom('container_members').where('container_id', '=', container);
    await ofContainer.where('user_id', '=', person.id).execute();
    await bumpDirectory(tx, 'container', container);
  };
  return {
    grant: (container_id, person, role) =>
      store.transaction(async (tx) => {
        await withdraw(tx, container_id, person);
        const grant = { container_id, user_id: person.id, group_id: null, role, granted_by: null };
        const row = { ...grant, id: newId('mem', tx.now), created_at: tx.now };
        await tx.db.insertInto('container_members').values(row).execute();
      }),
    withdraw: (container, person) => store.transaction((tx) => withdraw(tx, container, person)),
    close: () => store.close(),
  };
}
