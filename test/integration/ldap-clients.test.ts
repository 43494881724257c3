/** OpenLDAP's own programs against the gateway, as an administrator types them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BASE, LdapWorld, PASSWORD } from './ldap-world.ts';

let world: LdapWorld;
let ldaps: string[];
let startTls: string[];
let web: string;
const person = (name: string) => `uid=${name},ou=people,${BASE}`;
const as = (dn: string, password: string) => ['-x', '-D', dn, '-w', password];
const asWeb = () => as(`cn=${web},ou=services,${BASE}`, 'secret-1');

beforeAll(async () => {
  world = await LdapWorld.open();
  await world.site();
  const olga = await world.person('olga', {
    displayName: 'Olga Ölm',
    keys: ['ssh-ed25519 AAAAone', 'ssh-rsa AAAAtwo'],
  });
  const mia = await world.person('mia');
  const uwe = await world.person('uwe');
  const vera = await world.person('vera');
  await world.person('stranger');
  const ada = await world.person('ada');
  await world.administrator(ada);
  const dev = await world.group('dev', { users: [uwe] });
  const all = await world.group('all', { groups: [dev] });
  web = await world.container(1, olga);
  await world.container(2, mia);
  await world.grant(web, { userId: mia }, 'maintainer');
  await world.grant(web, { userId: vera }, 'viewer');
  await world.grant(web, { groupId: all }, 'user');
  const gateway = await world.gateway();
  ldaps = ['-H', `ldaps://127.0.0.1:${gateway.ldapsPort}`];
  startTls = ['-H', `ldap://127.0.0.1:${gateway.startTlsPort}`, '-ZZ'];
});
afterAll(() => world.close());

/** The values of one attribute in what ldapsearch printed. */
function values(out: string, attribute: string): string[] {
  return [...out.matchAll(new RegExp(`^${attribute}: (.*)$`, 'gm'))].map(([, value = '']) => value);
}

async function search(...args: string[]): Promise<string> {
  const { code, out } = await world.run('ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', ...ldaps, ...args]);
  expect(code, out).toBe(0);
  return out;
}

describe('ldapsearch', () => {
  test('reads what the server can do without saying who it is', async () => {
    const out = await search('-x', '-s', 'base', '-b', '', '*', '+');
    expect(values(out, 'namingContexts')).toEqual([BASE]);
    expect(values(out, 'supportedLDAPVersion')).toEqual(['3']);
    expect(values(out, 'supportedExtension')).toContain('1.3.6.1.4.1.1466.20037');
    expect(values(out, 'supportedControl')).toContain('1.2.840.113556.1.4.319');
    const schema = await search('-x', '-s', 'base', '-b', 'cn=subschema', '+');
    expect(schema).toContain("NAME 'sshPublicKey'");
  });

  test('gets nothing of the people before it has said who it is', async () => {
    const { code, out } = await world.run('ldapsearch', ['-x', ...ldaps, '-b', BASE]);
    expect(code).toBe(50);
    expect(out).not.toContain('olga');
  });

  test.each([
    ['LDAPS', () => ldaps],
    ['StartTLS', () => startTls],
  ])('sees over %s who may log in to its container', async (_, how) => {
    const { out } = await world.run('ldapsearch', [
      '-LLL',
      ...how(),
      ...asWeb(),
      '-b',
      `ou=people,${BASE}`,
      '(uid=*)',
      'uid',
    ]);
    expect(values(out, 'uid').sort()).toEqual(['mia', 'olga', 'uwe']);
  });

  test('sees people as login programs need them', async () => {
    const out = await search(
      ...asWeb(),
      '-b',
      BASE,
      '(&(uid=OLGA)(objectclass=posixAccount))',
      'SSHPUBLICKEY',
      'uidnumber',
      'memberof',
    );
    expect(values(out, 'sshPublicKey')).toEqual(['ssh-ed25519 AAAAone', 'ssh-rsa AAAAtwo']);
    expect(values(out, 'uidNumber')).toEqual(['2000']);
    expect(values(out, 'memberOf')).toEqual([`cn=ldapusers,ou=groups,${BASE}`]);
  });

  test('sees groups with everybody who belongs to them through others, and nobody else of them', async () => {
    const out = await search(...asWeb(), '-b', `ou=groups,${BASE}`, '(memberUid=uwe)', 'cn', 'memberUid', 'member');
    expect(values(out, 'cn').sort()).toEqual(['all', 'dev', 'ldapusers']);
    expect(values(out, 'memberUid').sort()).toEqual(['mia', 'olga', 'uwe', 'uwe', 'uwe']);
    expect(values(out, 'member')).toContain(person('uwe'));
  });

  test('sees that owner and maintainer may do everything as root, and that users may not', async () => {
    const out = await search(...asWeb(), '-b', `ou=sudoers,${BASE}`, '(objectClass=sudoRole)');
    expect(values(out, 'sudoUser').sort()).toEqual(['mia', 'olga']);
    expect(values(out, 'sudoHost')).toEqual(['ALL', 'ALL']);
  });

  test('takes pages when it asks for them', async () => {
    const out = await search(
      ...as(person('ada'), PASSWORD),
      '-E',
      'pr=2/noprompt',
      '-b',
      `ou=people,${BASE}`,
      '(uid=*)',
      'uid',
    );
    expect(values(out, 'uid').sort()).toEqual(['ada', 'mia', 'olga', 'stranger', 'uwe', 'vera']);
  });

  test('is told when there is more than it wants', async () => {
    const { code, out } = await world.run('ldapsearch', [
      '-LLL',
      '-z',
      '1',
      ...ldaps,
      ...asWeb(),
      '-b',
      BASE,
      '(uid=*)',
      'uid',
    ]);
    expect(code).toBe(4);
    expect(values(out, 'uid')).toHaveLength(1);
  });

  test.each([
    ['(&(uid=mia)(memberOf=cn=dev,ou=groups,dc=berth,dc=internal))', []],
    ['(&(uid=uwe)(memberOf=CN=dev, OU=groups, DC=berth, DC=internal))', ['uwe']],
    ['(uid=*w*)', ['uwe']],
    ['(&(objectClass=person)(uidNumber>=2001)(!(uid=uwe)))', ['mia']],
    ['(&(uid=*)(modifyTimestamp>=20200101000000Z)(createTimestamp<=20200101000000Z))', []],
    ['(|(uid=mia)(noSuchAttribute=1))', ['mia']],
    ['(!(noSuchAttribute=1))', []],
    ['(cn=olga ölm)', ['olga']],
    ['(sn:caseIgnoreMatch:=MIA)', ['mia']],
  ])('has %s really evaluated', async (filter, uids) => {
    const out = await search(...asWeb(), '-b', `ou=people,${BASE}`, filter, 'uid');
    expect(values(out, 'uid')).toEqual(uids);
  });

  test('may ask for the entry alone, for no attribute, and for an attribute with an option', async () => {
    const one = await search(...asWeb(), '-s', 'base', '-b', person('mia'), '(uid=mia)', '1.1');
    expect(one.trim()).toBe(`dn: ${person('mia')}`);
    const none = await search(
      ...asWeb(),
      '-s',
      'base',
      '-b',
      person('mia'),
      '(uid=mia)',
      'userCertificate;binary',
      'uid',
    );
    expect(values(none, 'uid')).toEqual(['mia']);
  });

  test('cannot tell a stranger from one who is not there', async () => {
    for (const name of ['stranger', 'nobody', 'vera']) {
      const { code } = await world.run('ldapsearch', [...ldaps, ...asWeb(), '-s', 'base', '-b', person(name)]);
      expect(code).toBe(32);
    }
  });
});

describe('binding', () => {
  test.each([
    ['a wrong password', person('mia'), 'wrong password', 49],
    ['an unknown person', person('nobody'), PASSWORD, 49],
    ['a wrong secret of a container', 'cn=ctr-000001,ou=services,dc=berth,dc=internal', 'secret-2', 49],
    ['what is no name', 'mia', PASSWORD, 34],
  ])('refuses %s', async (_, dn, password, code) => {
    expect(await world.run('ldapwhoami', [...ldaps, ...as(dn, password)])).toMatchObject({ code });
  });

  test('refuses a password in the clear, a name without one and version 2', async () => {
    const clear = startTls.slice(0, 2);
    expect(await world.run('ldapwhoami', [...clear, ...as(person('mia'), PASSWORD)])).toMatchObject({ code: 13 });
    expect(await world.run('ldapwhoami', [...ldaps, ...as(person('mia'), '')])).toMatchObject({ code: 53 });
    expect(await world.run('ldapsearch', [...ldaps, '-P', '2', ...as(person('mia'), PASSWORD)])).toMatchObject({
      code: 2,
    });
  });

  test('refuses an unknown control that must be honoured', async () => {
    const { code } = await world.run('ldapsearch', [...ldaps, ...asWeb(), '-e', '!1.2.3.4', '-b', BASE]);
    expect(code).toBe(12);
  });
});

test('ldapwhoami says who has bound', async () => {
  expect((await world.run('ldapwhoami', [...startTls, ...as(person('mia'), PASSWORD)])).out.trim()).toBe(
    `dn:${person('mia')}`,
  );
  expect((await world.run('ldapwhoami', [...ldaps, ...asWeb()])).out.trim()).toBe(`dn:cn=${web},ou=services,${BASE}`);
  expect((await world.run('ldapwhoami', [...ldaps, '-x'])).out.trim()).toBe('anonymous');
});

test.each([
  ['LDAPS', () => ldaps],
  ['StartTLS', () => startTls],
])('ldapcompare tells true from false over %s', async (_, over) => {
  const compare = (assertion: string) => world.run('ldapcompare', [...over(), ...asWeb(), person('mia'), assertion]);
  expect(await compare('uidNumber:2001')).toMatchObject({ code: 6 });
  expect(await compare('uidNumber:2000')).toMatchObject({ code: 5 });
  expect(await compare('sshPublicKey:x')).toMatchObject({ code: 16 });
  expect(await compare('noSuchAttribute:x')).toMatchObject({ code: 17 });
});

describe('changing a password', () => {
  test('ldappasswd changes it with the old one, and only then', async () => {
    const change = (old: string, now: string, by = old) => {
      return world.run('ldappasswd', [...startTls, ...as(person('vera'), by), '-a', old, '-s', now, person('vera')]);
    };
    expect((await change('not my password', 'a brand new one', PASSWORD)).out).toContain('(53)');
    expect((await change(PASSWORD, 'short')).out).toMatch(/\(19\)[\s\S]*at least 10/);
    expect(await change(PASSWORD, 'a brand new one')).toMatchObject({ code: 0 });
    expect(await world.run('ldapwhoami', [...ldaps, ...as(person('vera'), PASSWORD)])).toMatchObject({ code: 49 });
    expect(await world.run('ldapwhoami', [...ldaps, ...as(person('vera'), 'a brand new one')])).toMatchObject({
      code: 0,
    });
    const rows = await world.store.db
      .selectFrom('audit')
      .selectAll()
      .where('action', '=', 'user.change-password')
      .execute();
    expect(rows).toMatchObject([{ via: 'ldap', address: '127.0.0.1' }]);
  });

  test('the server makes one up when none is given', async () => {
    const { out } = await world.run('ldappasswd', [...ldaps, ...as(person('uwe'), PASSWORD)]);
    const made = /New password: (\S+)/.exec(out)?.[1] ?? '';
    expect(await world.run('ldapwhoami', [...ldaps, ...as(person('uwe'), made)])).toMatchObject({ code: 0 });
  });

  test('ldapmodify replaces userPassword as the person, and takes the time that nslcd sets afterwards', async () => {
    const modify = (lines: string[], who = as(person('stranger'), PASSWORD)) => {
      return world.run(
        'ldapmodify',
        [...ldaps, ...who],
        [`dn: ${person('stranger')}`, 'changetype: modify', ...lines, ''].join('\n'),
      );
    };
    expect(await modify(['replace: shadowLastChange', 'shadowLastChange: 20000'])).toMatchObject({ code: 0 });
    expect(await modify(['replace: loginShell', 'loginShell: /bin/zsh'])).toMatchObject({ code: 50 });
    expect(await modify(['replace: userPassword', 'userPassword: {SSHA}abcdefgh'])).toMatchObject({ code: 19 });
    expect(
      await modify(['replace: userPassword', 'userPassword: by another person'], as(person('ada'), PASSWORD)),
    ).toMatchObject({ code: 50 });
    expect(await modify(['replace: userPassword', 'userPassword: modified by hand'])).toMatchObject({ code: 0 });
    expect(await world.run('ldapwhoami', [...ldaps, ...as(person('stranger'), 'modified by hand')])).toMatchObject({
      code: 0,
    });
  });
});

test('what is asked for over LDAP is not written over LDAP', async () => {
  expect(await world.run('ldapdelete', [...ldaps, ...as(person('ada'), PASSWORD), person('mia')])).toMatchObject({
    code: 53,
  });
});

test('a person sees himself, an administrator everything', async () => {
  const seen = async (name: string) =>
    values(await search(...as(person(name), PASSWORD), '-b', BASE, '(objectClass=*)', '1.1'), 'dn');
  expect((await seen('mia')).filter((dn) => dn.startsWith('uid='))).toEqual([person('mia')]);
  const all = await seen('ada');
  expect(all).toContain(person('stranger'));
  expect(all).toContain(`cn=ctr-000002,ou=services,${BASE}`);
  expect(all).toContain(`cn=ctr-000002-owner,ou=sudoers,${BASE}`);
});
