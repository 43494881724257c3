import { join } from 'node:path';
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import { newId } from '@berth/control-plane/ids.ts';
import { loadMasterKey } from '@berth/control-plane/master-key.ts';
import { bumpDirectory } from '@berth/control-plane/store/directory-changes.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import type { GrantedRole } from '@berth/control-plane/store/schema-directory.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import { insertUser } from '@berth/control-plane/store/users.ts';
import type { Lab } from '../../lab/lab.ts';

/** A person of the directory, as a test makes one. */
export interface Person {
  id: string;
  username: string;
  password: string;
}

/** The people of a lab, by way of its database: another process than the control plane, as another replica would be. */
export interface People {
  add(username: string, password: string): Promise<Person>;
  addKey(person: Person, publicKey: string): Promise<void>;
  grant(container: string, person: Person, role: GrantedRole): Promise<void>;
  withdraw(container: string, person: Person): Promise<void>;
  suspend(person: Person): Promise<void>;
  setPassword(person: Person, password: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the people of a lab. */
export async function openPeople(lab: Lab): Promise<People> {
  const state = lab.stateDir('cp');
  const masterKey = loadMasterKey(join(state, 'master.key'));
  const store = await openStore({ url: `sqlite:${join(state, 'berth.db')}`, masterKey });
  return { ...writersOf(store), close: () => store.close() };
}

function writersOf(store: Store): Omit<People, 'close'> {
  return {
    async add(username, password) {
      const id = newId('usr', Date.now());
      const password_hash = await hashPassword(password);
      await store.transaction((tx) => {
        const row = { id, username, display_name: username, password_hash, status: 'active' as const };
        return insertUser(tx, { ...row, created_at: tx.now });
      });
      return { id, username, password };
    },
    async addKey({ id }, publicKey) {
      const [key_type = '', body = ''] = publicKey.trim().split(' ');
      await store.transaction(async (tx) => {
        const key = { id: newId('key', tx.now), user_id: id, name: 'test', key_type, created_at: tx.now };
        await tx.db
          .insertInto('ssh_keys')
          .values({ ...key, public_key: `${key_type} ${body}`, fingerprint: `SHA256:${key.id}` })
          .execute();
        await bumpDirectory(tx, 'user', id);
      });
    },
    async grant(container_id, { id: user_id }, role) {
      await store.transaction(async (tx) => {
        const grant = { id: newId('mem', tx.now), container_id, user_id, group_id: null, role, granted_by: null };
        await tx.db
          .insertInto('container_members')
          .values({ ...grant, created_at: tx.now })
          .execute();
        await bumpDirectory(tx, 'container', container_id);
      });
    },
    async withdraw(container_id, { id: user_id }) {
      await store.transaction(async (tx) => {
        await tx.db
          .deleteFrom('container_members')
          .where('container_id', '=', container_id)
          .where('user_id', '=', user_id)
          .execute();
        await bumpDirectory(tx, 'container', container_id);
      });
    },
    async suspend({ id }) {
      await store.transaction(async (tx) => {
        await tx.db.updateTable('users').set({ status: 'suspended' }).where('id', '=', id).execute();
        await bumpDirectory(tx, 'user', id);
      });
    },
    async setPassword({ id }, password) {
      const password_hash = await hashPassword(password);
      await store.transaction(async (tx) => {
        await tx.db.updateTable('users').set({ password_hash }).where('id', '=', id).execute();
        await bumpDirectory(tx, 'user', id);
      });
    },
  };
}
