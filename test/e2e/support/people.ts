import { readFile } from 'node:fs/promises';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import { AccessService, ContainerRole } from '@berth/proto/api/v1/access_pb.js';
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
  grant(container: string, person: Person, role: keyof typeof ROLES): Promise<void>;
  withdraw(container: string, person: Person): Promise<void>;
}

const ROLES = {
  viewer: ContainerRole.VIEWER,
  user: ContainerRole.USER,
  maintainer: ContainerRole.MAINTAINER,
};

/** The people of a lab, by its API. */
export async function peopleOf(lab: Lab): Promise<People> {
  const ca = await readFile(lab.api.caFile, 'utf8');
  const users = createClient(UsersService, lab.api.transport);
  const access = createClient(AccessService, lab.api.transport);
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
    async grant(container, { id }, role) {
      await access.setMember({ container, holder: personOf(id), role: ROLES[role] });
    },
    async withdraw(container, { id }) {
      await access.removeMember({ container, holder: personOf(id) });
    },
  };
}

const personOf = (value: string) => ({ holder: { case: 'user' as const, value } });
