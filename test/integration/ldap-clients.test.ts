import { afterAll, beforeAll, expect, test } from 'vitest';
import { BASE, LdapWorld, PASSWORD } from './ldap-world.ts';

let world: LdapWorld;
let ldaps = '';
let plain = '';
let web: string;

beforeAll(async () => {
  world = await LdapWorld.open();
  await world.site();
  const olga = await world.person('olga', { displayName: 'Olga Ölm', keys: ['ssh-ed25519 AAAAolga'] });
  const mia = await world.person('mia');
  const uwe = await world.person('uwe');
  await world.person('stranger');
  const dev = await world.group('dev', { users: [uwe] });
  web = await world.container(1, olga);
  await world.grant(web, { userId: mia }, 'maintainer');
  await world.grant(web, { groupId: dev }, 'user');
  const gateway = await world.gateway();
  ldaps = `ldaps://127.0.0.1:${gateway.ldapsPort}`;
  plain = `ldap://127.0.0.1:${gateway.startTlsPort}`;
});
afterAll(() => world.close());

test('smoke', async () => {
  const as = ['-x', '-D', `cn=${web},ou=services,${BASE}`, '-w', 'secret-1'];
  console.log(await world.run('ldapsearch', ['-x', '-H', ldaps, '-s', 'base', '-b', '', '*', '+']));
  console.log((await world.run('ldapsearch', ['-LLL', '-H', ldaps, ...as, '-b', BASE, '*', '+'])).out);
  console.log(await world.run('ldapwhoami', ['-H', plain, '-ZZ', '-x', '-D', `uid=mia,ou=people,${BASE}`, '-w', PASSWORD]));
  console.log(await world.run('ldapwhoami', ['-H', plain, '-x', '-D', `uid=mia,ou=people,${BASE}`, '-w', PASSWORD]));
  expect(1).toBe(1);
});
