/**
 * What is changed holds from the next operation on, on every gateway: two processes of `berth ldap` over one database,
 * and this one, which changes things. Nothing waits between a change and the questions that show it.
 */
import { newId } from '@berth/control-plane/ids.ts';
import { bumpDirectory } from '@berth/control-plane/store/directory-changes.ts';
import { addGroupMember } from '@berth/control-plane/store/groups.ts';
import { insertUser } from '@berth/control-plane/store/users.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDialect } from '../support/database-each.ts';
import { LdapClient } from '../support/ldap-client.ts';
import { type LdapProcess, startLdapProcess } from '../support/ldap-process.ts';
import { BASE, LdapWorld, PASSWORD } from './ldap-world.ts';

const ROUNDS = 8;
const PEOPLE = `ou=people,${BASE}`;
const dn = (username: string) => `uid=${username},${PEOPLE}`;

describeEachDialect('two gateways', (open) => {
  let world: LdapWorld;
  const servers: LdapProcess[] = [];
  let clients: LdapClient[];
  let web: string;
  let dev: string;

  beforeAll(async () => {
    world = await LdapWorld.open((await open()).url);
    await world.site();
    dev = await world.group('dev');
    web = await world.container(1, await world.person('olga'));
    await world.grant(web, { groupId: dev }, 'user');
    await world.writeCa();
    const options = { databaseUrl: world.url, masterKeyFile: await world.masterKeyFile(), base: BASE };
    servers.push(
      ...(await Promise.all([0, 1].map((n) => startLdapProcess({ ...options, stateDir: `${world.directory}/${n}` })))),
    );
    clients = await Promise.all(
      servers.map(async ({ ldapsPort }) => {
        const client = new LdapClient(ldapsPort, world.caFile);
        expect(await client.bind(`cn=${web},ou=services,${BASE}`, 'secret-1')).toBe(0);
        return client;
      }),
    );
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map(({ program }) => program.stop()));
    await world.close();
  });

  const seen = () => Promise.all(clients.map((client) => client.values(PEOPLE, '(uid=*)', 'uid')));
  const bindAs = async (n: number, username: string, password: string) => {
    const client = new LdapClient(servers[n]?.ldapsPort ?? 0, world.caFile);
    const code = await client.bind(dn(username), password);
    client.close();
    return code;
  };

  test('see a membership given and taken at once, on connections that stay open', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const username = `m${round}`;
      await world.store.transaction(async (tx) => {
        const id = newId('usr', tx.now);
        const rest = {
          display_name: '',
          email: null,
          password_hash: '',
          status: 'active' as const,
          created_at: tx.now,
        };
        await insertUser(tx, { id, username, ...rest });
        await addGroupMember(tx, dev, { userId: id });
      });
      for (const people of await seen()) expect(people).toContain(username);
      await world.store.transaction(async (tx) => {
        await tx.db.deleteFrom('group_members').where('group_id', '=', dev).execute();
        await bumpDirectory(tx, 'group', dev);
      });
      for (const people of await seen()) expect(people).toEqual(['olga']);
    }
  });

  test('refuse who is suspended, and end what he had open', async () => {
    const id = await world.person('sam');
    expect(await bindAs(0, 'sam', PASSWORD)).toBe(0);
    const open = new LdapClient(servers[1]?.ldapsPort ?? 0, world.caFile);
    expect(await open.bind(dn('sam'), PASSWORD)).toBe(0);
    await world.setStatus(id, 'suspended');
    expect(await bindAs(0, 'sam', PASSWORD)).toBe(49);
    expect(await bindAs(1, 'sam', PASSWORD)).toBe(49);
    await expect(open.values(PEOPLE, '(uid=sam)', 'uid')).rejects.toMatchObject({ code: 8 });
    open.close();
    await world.setStatus(id, 'active');
    expect(await bindAs(1, 'sam', PASSWORD)).toBe(0);
  });

  test('take a password changed at one of them at the other, and the old one no longer', async () => {
    await world.person('pia');
    const change = ['-x', '-D', dn('pia'), '-w', PASSWORD, '-s', 'changed by herself', dn('pia')];
    const url = `ldaps://127.0.0.1:${servers[0]?.ldapsPort}`;
    expect(await world.run('ldappasswd', ['-H', url, ...change])).toMatchObject({ code: 0 });
    expect(await bindAs(1, 'pia', PASSWORD)).toBe(49);
    expect(await bindAs(1, 'pia', 'changed by herself')).toBe(0);
  });

  test('show a container a new owner at once', async () => {
    const nia = await world.person('nia');
    await world.store.transaction(async (tx) => {
      await tx.db.updateTable('containers').set({ owner_id: nia }).where('id', '=', web).execute();
      await bumpDirectory(tx, 'container', web);
    });
    for (const people of await seen()) expect(people).toEqual(['nia']);
    const rules = await Promise.all(
      clients.map((client) => client.values(`ou=sudoers,${BASE}`, '(sudoUser=*)', 'sudoUser')),
    );
    expect(rules).toEqual([['nia'], ['nia']]);
  });
});
