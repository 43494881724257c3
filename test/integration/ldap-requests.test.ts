/** The requests that SSSD and nslcd really send, straight at a session. */

import { element, string } from '@berth/control-plane/ldap/ber/writer.ts';
import { Oid } from '@berth/control-plane/ldap/protocol/oids.ts';
import {
  and,
  atLeast,
  bindOf,
  control,
  equal,
  extendedOf,
  messageOf,
  modifyOf,
  not,
  or,
  present,
  searchOf,
  substrings,
  UNBIND,
} from '@berth/control-plane/ldap/testing/requests.ts';
import { turn, Wire } from '@berth/control-plane/ldap/testing/wire.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GROUPS, isDone, LdapSessions, OLGA, PEOPLE } from './ldap-sessions.ts';
import { BASE, PASSWORD } from './ldap-world.ts';

let sessions: LdapSessions;
beforeAll(async () => {
  sessions = await LdapSessions.open();
});
afterAll(() => sessions.close());

const hasNumber = (name: string) => and(present(name), not(equal(name, '0')));
const SSSD_USER = [
  ...[
    'objectClass',
    'uid',
    'userPassword',
    'uidNumber',
    'gidNumber',
    'gecos',
    'homeDirectory',
    'loginShell',
    'krbPrincipalName',
  ],
  ...[
    'cn',
    'memberOf',
    'modifyTimestamp',
    'shadowLastChange',
    'shadowMin',
    'shadowMax',
    'pwdAttribute',
    'authorizedService',
  ],
  ...[
    'accountExpires',
    'userAccountControl',
    'nsAccountLock',
    'host',
    'rhost',
    'loginDisabled',
    'sshPublicKey',
    'userCertificate;binary',
    'mail',
  ],
];

describe('SSSD', () => {
  test('getpwnam', async () => {
    const filter = and(
      equal('uid', 'olga'),
      equal('objectclass', 'posixAccount'),
      present('uid'),
      hasNumber('uidNumber'),
    );
    const [entry, ...others] = await sessions.found(PEOPLE, 2, filter, SSSD_USER);
    expect(others).toEqual([]);
    expect(entry?.attributes).toMatchObject({
      uid: ['olga'],
      uidNumber: ['2000'],
      gidNumber: ['2001'],
      sshPublicKey: ['ssh-ed25519 AAAAone'],
    });
    expect(entry?.attributes.modifyTimestamp?.[0]).toMatch(/^\d{14}Z$/);
  });

  test('getpwuid', async () => {
    const filter = and(
      equal('uidNumber', '2001'),
      equal('objectclass', 'posixAccount'),
      present('uid'),
      hasNumber('uidNumber'),
    );
    expect((await sessions.found(PEOPLE, 2, filter, SSSD_USER)).map(({ dn }) => dn)).toEqual([`uid=mia,${PEOPLE}`]);
  });

  test('getpwnam by an address, as it tries for names with an at sign', async () => {
    const filter = and(
      or(equal('mail', 'OLGA@example.org'), equal('uid', 'olga@example.org')),
      equal('objectclass', 'posixAccount'),
    );
    expect((await sessions.found(PEOPLE, 2, filter, SSSD_USER)).map(({ dn }) => dn)).toEqual([OLGA]);
  });

  test.each([
    ['rfc2307', equal('memberUid', 'mia')],
    ['rfc2307bis', equal('member', `uid=mia,${PEOPLE}`)],
  ])('initgroups by %s', async (_, clause) => {
    const filter = and(clause, equal('objectClass', 'posixGroup'), present('cn'), hasNumber('gidNumber'));
    const groups = await sessions.found(GROUPS, 2, filter, [
      'objectClass',
      'cn',
      'userPassword',
      'gidNumber',
      'modifyTimestamp',
    ]);
    expect(groups.map(({ attributes }) => attributes.cn?.[0])).toEqual(['dev', 'ldapusers']);
  });

  test('getgrgid and getgrnam', async () => {
    const attributes = ['objectClass', 'cn', 'gidNumber', 'memberUid', 'member'];
    for (const clause of [equal('gidNumber', '2002'), equal('cn', 'dev')]) {
      const [group] = await sessions.found(
        GROUPS,
        2,
        and(clause, equal('objectClass', 'posixGroup'), present('cn')),
        attributes,
      );
      expect(group?.attributes).toMatchObject({ memberUid: ['mia'], member: [`uid=mia,${PEOPLE}`] });
    }
  });

  test('may he log in: the entry itself, with a filter that is really evaluated', async () => {
    const access = (clause: Buffer) =>
      sessions.found(OLGA, 0, and(equal('uid', 'olga'), equal('objectclass', 'posixAccount'), clause), ['1.1']);
    expect(await access(equal('memberOf', `cn=ldapusers,${GROUPS}`))).toHaveLength(1);
    expect(await access(equal('memberOf', `cn=dev,${GROUPS}`))).toHaveLength(0);
  });

  test('sudo, with an OR of hosts that has a substring in it', async () => {
    const hosts = or(
      equal('sudoHost', 'ALL'),
      equal('sudoHost', 'web1'),
      substrings('sudoHost', 'a', '\\', 'z'),
      equal('sudoHost', '10.0.0.1'),
    );
    const rules = await sessions.found(`ou=sudoers,${BASE}`, 2, and(equal('objectClass', 'sudoRole'), hosts), [
      'sudoUser',
      'sudoCommand',
    ]);
    expect(rules.map(({ attributes }) => attributes.sudoUser)).toEqual([['mia'], ['olga']]);
    const changed = and(equal('objectClass', 'sudoRole'), atLeast('modifyTimestamp', '20990101000000Z'));
    expect(await sessions.found(`ou=sudoers,${BASE}`, 2, changed)).toEqual([]);
  });

  test('authentication: a bind with the control for password policy, without a value', async () => {
    const wire = new Wire(sessions.service.deps);
    const [answer] = await wire.ask(messageOf(bindOf(OLGA, PASSWORD), [control(Oid.passwordPolicy)]));
    expect(answer).toMatchObject({ code: 0 });
    expect(answer?.controls).toBeDefined();
    wire.send(messageOf(UNBIND));
    await turn();
    await turn();
    expect(wire.ended).toBe(true);
  });
});

describe('nslcd', () => {
  test('looks whether a bind really took, by reading the entry of the one who bound', async () => {
    const wire = await sessions.wireAs(OLGA, PASSWORD);
    const answers = await wire.ask(messageOf(searchOf(OLGA, 0, present('objectClass'), ['dn'])), isDone);
    expect(answers.map(({ dn }) => dn)).toEqual([OLGA, '']);
  });

  test('changes a password without the old one, and sets the day of the change', async () => {
    const wire = await sessions.wireAs(`uid=mia,${PEOPLE}`, PASSWORD);
    const value = element(0x30, string(`uid=mia,${PEOPLE}`, 0x80), string('set in the guest', 0x82));
    expect(await wire.ask(messageOf(extendedOf(Oid.passwordModify, value)))).toMatchObject([{ code: 0 }]);
    expect(await wire.ask(messageOf(modifyOf(`uid=mia,${PEOPLE}`, 'shadowLastChange', '20000')))).toMatchObject([
      { code: 0 },
    ]);
    await sessions.wireAs(`uid=mia,${PEOPLE}`, 'set in the guest');
  });
});
