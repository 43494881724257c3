import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { hashPassword } from '@berth/control-plane/auth/password.ts';
import { tokenHash } from '@berth/control-plane/auth/tokens.ts';
import { openAuthority } from '@berth/control-plane/fleet/ca.ts';
import { keepServerCertificate } from '@berth/control-plane/fleet/server-certificate.ts';
import { newId } from '@berth/control-plane/ids.ts';
import { type Gateway, type GatewayOptions, startGateway } from '@berth/control-plane/ldap/gateway.ts';
import { SYSADMINS } from '@berth/control-plane/store/built-in-groups.ts';
import { insertContainer } from '@berth/control-plane/store/containers.ts';
import { takeNumber } from '@berth/control-plane/store/counters.ts';
import { bumpDirectory } from '@berth/control-plane/store/directory-changes.ts';
import { addGroupMember } from '@berth/control-plane/store/groups.ts';
import { insertNode } from '@berth/control-plane/store/nodes.ts';
import { openStore } from '@berth/control-plane/store/open.ts';
import { sampleContainer, sampleNode, sampleSite } from '@berth/control-plane/store/sample-rows.ts';
import { insertSite } from '@berth/control-plane/store/sites.ts';
import type { Store } from '@berth/control-plane/store/store.ts';
import { insertUser } from '@berth/control-plane/store/users.ts';
import pino from 'pino';

export const BASE = 'dc=berth,dc=internal';
export const PASSWORD = 'correct horse 7';
export const MASTER_KEY = new Uint8Array(32).fill(7);

/** What a program printed and how it ended. */
export interface Said {
  code: number;
  out: string;
}

/** A store with people in it, and gateways over it. */
export class LdapWorld {
  readonly directory: string;
  readonly url: string;
  readonly store: Store;
  readonly gateways: Gateway[] = [];
  readonly #stops: (() => Promise<void> | void)[] = [];

  constructor(directory: string, url: string, store: Store) {
    this.directory = directory;
    this.url = url;
    this.store = store;
  }

  /** @param url of an empty database; a SQLite file of its own by default */
  static async open(url?: string): Promise<LdapWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-ldap-'));
    const database = url ?? `sqlite:${join(directory, 'berth.db')}`;
    const store = await openStore({ url: database, masterKey: MASTER_KEY });
    return new LdapWorld(directory, database, store);
  }

  /** Starts a gateway on two free ports, with a store of its own, as another process would have. */
  async gateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
    const store = await openStore({ url: this.url, masterKey: MASTER_KEY });
    const authority = await openAuthority(store);
    await this.writeCa();
    const certificate = await keepServerCertificate({
      authority,
      clock: store.clock,
      random: Math.random,
      names: ['localhost', '127.0.0.1'],
      onError: (error) => {
        throw error;
      },
    });
    const address = { host: '127.0.0.1', port: 0 };
    const gateway = await startGateway({
      store,
      databaseUrl: this.url,
      baseDn: BASE,
      ldaps: address,
      startTls: address,
      certificate,
      log: pino({ level: 'silent' }),
      ...options,
    });
    this.gateways.push(gateway);
    this.#stops.push(async () => {
      await gateway.stop();
      certificate.stop();
      await store.close();
    });
    return gateway;
  }

  /** A file with the key for secrets, for other processes. */
  async masterKeyFile(): Promise<string> {
    const file = join(this.directory, 'master.key');
    await writeFile(file, Buffer.from(MASTER_KEY).toString('base64'), { mode: 0o600 });
    return file;
  }

  /** Writes down the authority that gateways have their certificates from. */
  async writeCa(): Promise<void> {
    await writeFile(this.caFile, (await openAuthority(this.store)).bundlePem);
  }

  get caFile(): string {
    return join(this.directory, 'ca.pem');
  }

  /** Runs one of OpenLDAP's programs, which trusts this world's authority. */
  async run(program: string, args: readonly string[], input = ''): Promise<Said> {
    const env = {
      LDAPTLS_CACERT: this.caFile,
      LDAPTLS_REQCERT: 'demand',
      LDAPCONF: '/dev/null',
      PATH: process.env.PATH ?? '',
    };
    const { exitCode, stdout, stderr } = await runProgram(program, args, { env, input, tailBytes: 1 << 20 });
    return { code: exitCode, out: stdout + stderr };
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    await this.store.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Puts in the site that containers stand in. */
  async site(): Promise<void> {
    await this.store.transaction(async (tx) => {
      await insertSite(tx, sampleSite());
      await insertNode(tx, this.store.secrets, { ...sampleNode(), token_secret: 'x' });
    });
  }

  /** Puts in an active person. @returns the identifier */
  async person(
    username: string,
    change: { password?: string; displayName?: string; keys?: string[] } = {},
  ): Promise<string> {
    const { password = PASSWORD, displayName = username, keys = [] } = change;
    const hash = password === '' ? '' : await hashPassword(password);
    return this.store.transaction(async (tx) => {
      const id = newId('usr', tx.now);
      await insertUser(tx, {
        id,
        username,
        display_name: displayName,
        email: `${username}@example.org`,
        password_hash: hash,
        password_changed_at: tx.now,
        status: 'active',
        created_at: tx.now,
      });
      for (const [at, key] of keys.entries()) {
        const row = {
          id: newId('key', tx.now),
          user_id: id,
          name: `key ${at}`,
          key_type: 'ssh-ed25519',
          public_key: key,
        };
        await tx.db
          .insertInto('ssh_keys')
          .values({ ...row, fingerprint: `SHA256:${id}${at}`, created_at: tx.now + at })
          .execute();
      }
      return id;
    });
  }

  /** Puts in a group. @returns the identifier */
  group(name: string, members: { users?: string[]; groups?: string[] } = {}): Promise<string> {
    return this.store.transaction(async (tx) => {
      const id = newId('grp', tx.now);
      const gid_number = await takeNumber(tx, 'gid_number');
      const times = { created_at: tx.now, updated_at: tx.now };
      await tx.db
        .insertInto('groups')
        .values({ id, name, gid_number, description: '', administrator: 0, built_in: 0, ...times })
        .execute();
      await bumpDirectory(tx, 'group', id);
      for (const userId of members.users ?? []) await addGroupMember(tx, id, { userId });
      for (const groupId of members.groups ?? []) await addGroupMember(tx, id, { groupId });
      return id;
    });
  }

  /** Makes a person an administrator. */
  administrator(userId: string): Promise<void> {
    return this.store.transaction((tx) => addGroupMember(tx, SYSADMINS.id, { userId }));
  }

  /** Puts in container number `n` with a bind account. @returns the identifier */
  container(n: number, ownerId: string, secret = `secret-${n}`): Promise<string> {
    return this.store.transaction(async (tx) => {
      const container = sampleContainer(n, { owner_id: ownerId });
      await insertContainer(tx, container);
      await tx.db
        .insertInto('container_binds')
        .values({ container_id: container.id, secret_hash: tokenHash(secret), rotated_at: tx.now })
        .execute();
      await bumpDirectory(tx, 'container', container.id);
      return container.id;
    });
  }

  /** Gives a role in a container. */
  grant(
    containerId: string,
    who: { userId: string } | { groupId: string },
    role: 'viewer' | 'user' | 'maintainer',
  ): Promise<void> {
    return this.store.transaction(async (tx) => {
      await tx.db
        .insertInto('container_members')
        .values({
          id: newId('mem', tx.now),
          container_id: containerId,
          user_id: 'userId' in who ? who.userId : null,
          group_id: 'groupId' in who ? who.groupId : null,
          role,
          granted_by: null,
          created_at: tx.now,
        })
        .execute();
      await bumpDirectory(tx, 'container', containerId);
    });
  }

  /** Changes a person's row. */
  setStatus(userId: string, status: 'active' | 'suspended'): Promise<void> {
    return this.store.transaction(async (tx) => {
      await tx.db.updateTable('users').set({ status }).where('id', '=', userId).execute();
      await bumpDirectory(tx, 'user', userId);
    });
  }
}
