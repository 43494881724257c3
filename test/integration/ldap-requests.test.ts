/** The requests that SSSD and nslcd really send, and what must not be done with a connection; straight at a session. */
import { newTotpSecret, totpCode } from '@berth/control-plane/auth/totp.ts';
import { element, integer, string } from '@berth/control-plane/ldap/ber/writer.ts';
import { type LdapService, openService } from '@berth/control-plane/ldap/gateway.ts';
import { Oid } from '@berth/control-plane/ldap/protocol/oids.ts';
import {
  abandonOf,
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
  paged,
  present,
  saslBindOf,
  searchOf,
  substrings,
  UNBIND,
} from '@berth/control-plane/ldap/testing/requests.ts';
import type { Answer } from '@berth/control-plane/ldap/testing/responses.ts';
import { turn, Wire } from '@berth/control-plane/ldap/testing/wire.ts';
import { confirmTotp, putUnconfirmedTotp } from '@berth/control-plane/store/totp-factors.ts';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BASE, LdapWorld, PASSWORD } from './ldap-world.ts';

const PEOPLE = `ou=people,${BASE}`;
const GROUPS = `ou=groups,${BASE}`;
const OLGA = `uid=olga,${PEOPLE}`;
const WEB = `cn=ctr-000001,ou=services,${BASE}`;
const DONE = 0x65;

let world: LdapWorld;
let service: LdapService;
beforeAll(async () => {
  world = await LdapWorld.open();
  await world.site();
  const olga = await world.person('olga', { displayName: 'Olga Ölm', keys: ['ssh-ed25519 AAAAone'] });
  const mia = await world.person('mia');
  const dev = await world.group('dev', { users: [mia] });
  const web = await world.container(1, olga);
  await world.grant(web, { groupId: dev }, 'maintainer');
  const log = pino({ level: 'silent' });
  service = await openService({ store: world.store, databaseUrl: world.url, baseDn: BASE, log });
});
afterAll(async () => {
  service.stop();
  await world.close();
});

async function wireAs(dn: string, password: string): Promise<Wire> {
  const wire = new Wire(service.deps);
  const [answer] = await wire.ask(messageOf(bindOf(dn, password)));
  expect(answer?.code).toBe(0);
  return wire;
}

const isDone = (answers: Answer[]) => answers.some(({ tag }) => tag === DONE);

/** Names of the entries a search of the container finds. */
async function found(base: string, scope: 0 | 1 | 2, filter: Buffer, attributes: string[] = []): Promise<Answer[]> {
  const wire = await wireAs(WEB, 'secret-1');
  const answers = await wire.ask(messageOf(searchOf(base, scope, filter, attributes)), isDone);
  wire.close();
  expect(answers.at(-1)).toMatchObject({ tag: DONE, code: 0 });
  return answers.slice(0, -1);
}

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
    const [entry, ...others] = await found(PEOPLE, 2, filter, SSSD_USER);
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
    expect((await found(PEOPLE, 2, filter, SSSD_USER)).map(({ dn }) => dn)).toEqual([`uid=mia,${PEOPLE}`]);
  });

  test('getpwnam by an address, as it tries for names with an at sign', async () => {
    const filter = and(
      or(equal('mail', 'OLGA@example.org'), equal('uid', 'olga@example.org')),
      equal('objectclass', 'posixAccount'),
    );
    expect((await found(PEOPLE, 2, filter, SSSD_USER)).map(({ dn }) => dn)).toEqual([OLGA]);
  });

  test.each([
    ['rfc2307', equal('memberUid', 'mia')],
    ['rfc2307bis', equal('member', `uid=mia,${PEOPLE}`)],
  ])('initgroups by %s', async (_, clause) => {
    const filter = and(clause, equal('objectClass', 'posixGroup'), present('cn'), hasNumber('gidNumber'));
    const groups = await found(GROUPS, 2, filter, [
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
      const [group] = await found(
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
      found(OLGA, 0, and(equal('uid', 'olga'), equal('objectclass', 'posixAccount'), clause), ['1.1']);
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
    const rules = await found(`ou=sudoers,${BASE}`, 2, and(equal('objectClass', 'sudoRole'), hosts), [
      'sudoUser',
      'sudoCommand',
    ]);
    expect(rules.map(({ attributes }) => attributes.sudoUser)).toEqual([['mia'], ['olga']]);
    const changed = and(equal('objectClass', 'sudoRole'), atLeast('modifyTimestamp', '20990101000000Z'));
    expect(await found(`ou=sudoers,${BASE}`, 2, changed)).toEqual([]);
  });

  test('authentication: a bind with the control for password policy, without a value', async () => {
    const wire = new Wire(service.deps);
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
    const wire = await wireAs(OLGA, PASSWORD);
    const answers = await wire.ask(messageOf(searchOf(OLGA, 0, present('objectClass'), ['dn'])), isDone);
    expect(answers.map(({ dn }) => dn)).toEqual([OLGA, '']);
  });

  test('changes a password without the old one, and sets the day of the change', async () => {
    const wire = await wireAs(`uid=mia,${PEOPLE}`, PASSWORD);
    const value = element(0x30, string(`uid=mia,${PEOPLE}`, 0x80), string('set in the guest', 0x82));
    expect(await wire.ask(messageOf(extendedOf(Oid.passwordModify, value)))).toMatchObject([{ code: 0 }]);
    expect(await wire.ask(messageOf(modifyOf(`uid=mia,${PEOPLE}`, 'shadowLastChange', '20000')))).toMatchObject([
      { code: 0 },
    ]);
    await wireAs(`uid=mia,${PEOPLE}`, 'set in the guest');
  });
});

describe('a connection', () => {
  test('is nobody after a bind that failed, whoever it was before', async () => {
    const wire = await wireAs(WEB, 'secret-1');
    expect(await wire.ask(messageOf(bindOf(WEB, 'wrong')))).toMatchObject([{ code: 49 }]);
    expect(await wire.ask(messageOf(searchOf(BASE, 2, present('uid'))))).toMatchObject([{ tag: DONE, code: 50 }]);
  });

  test.each([
    ['SASL', saslBindOf('GSSAPI'), 7],
    ['version 2', bindOf(WEB, 'secret-1', 2), 2],
    ['a name without a password', bindOf(WEB, ''), 53],
    ['a password without a name', bindOf('', 'x'), 49],
  ])('refuses %s and stays', async (_, bind, code) => {
    const wire = new Wire(service.deps);
    expect(await wire.ask(messageOf(bind))).toMatchObject([{ code }]);
    expect(await wire.ask(messageOf(searchOf('', 0, present('objectClass'))), isDone)).toHaveLength(2);
  });

  test('in the clear takes no password, right or wrong', async () => {
    const wire = new Wire(service.deps, { secure: false });
    expect(await wire.ask(messageOf(bindOf(WEB, 'secret-1')))).toMatchObject([{ code: 13 }]);
    expect(await wire.ask(messageOf(bindOf('', '')))).toMatchObject([{ code: 0 }]);
  });

  test('answers in the order of the questions, binds among them', async () => {
    const wire = new Wire(service.deps);
    const search = searchOf(OLGA, 0, present('uid'), ['1.1']);
    const messages = [
      messageOf(search, [], 1),
      messageOf(bindOf(OLGA, PASSWORD), [], 2),
      messageOf(search, [], 3),
      messageOf(bindOf('', ''), [], 4),
      messageOf(search, [], 5),
    ];
    const answers = await wire.ask(Buffer.concat(messages), (all) => all.some(({ id }) => id === 5));
    expect(answers.map(({ id, code }) => [id, code])).toEqual([
      [1, 50],
      [2, 0],
      [3, undefined],
      [3, 0],
      [4, 0],
      [5, 50],
    ]);
  });

  test('drops a question that was abandoned while it waited', async () => {
    const wire = await wireAs(OLGA, PASSWORD);
    const search = searchOf(OLGA, 0, present('uid'), ['1.1']);
    wire.send(Buffer.concat([messageOf(search, [], 7), messageOf(abandonOf(7), [], 8), messageOf(search, [], 9)]));
    const answers = await wire.ask(Buffer.alloc(0), isDone);
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([9]));
  });

  test('gets an answer also to what the server does not do', async () => {
    const wire = await wireAs(OLGA, PASSWORD);
    expect(await wire.ask(messageOf(string(OLGA, 0x4a)))).toMatchObject([{ tag: 0x6b, code: 53 }]);
    expect(await wire.ask(messageOf(extendedOf('1.2.3')))).toMatchObject([{ tag: 0x78, code: 2 }]);
    expect(await wire.ask(messageOf(searchOf('o=elsewhere', 2, present('uid'))))).toMatchObject([{ code: 32 }]);
    expect(await wire.ask(messageOf(searchOf('no name', 2, present('uid'))))).toMatchObject([{ code: 34 }]);
    expect(await wire.ask(messageOf(searchOf(BASE, 2, present('uid')), [control('1.2.3', true)]))).toMatchObject([
      { code: 12 },
    ]);
  });

  test('is ended with a notice when its bytes are no LDAP', async () => {
    const wire = new Wire(service.deps);
    const [notice] = await wire.ask(Buffer.from('GET / HTTP/1.1\r\n'));
    expect(notice).toMatchObject({ id: 0, tag: 0x78, code: 2 });
    expect(wire.ended).toBe(true);
  });

  test('may send no more than 64 KB at once before it has bound', async () => {
    const large = messageOf(
      searchOf(
        '',
        0,
        present('objectClass'),
        Array.from({ length: 7_000 }, () => 'attribute'),
      ),
    );
    expect(await new Wire(service.deps).ask(large)).toMatchObject([{ id: 0, code: 2 }]);
    const answers = await (await wireAs(WEB, 'secret-1')).ask(large, isDone);
    expect(answers.at(-1)).toMatchObject({ id: 1, code: 0 });
  });
});

describe('pages', () => {
  const search = searchOf(BASE, 2, present('objectClass'), ['1.1']);
  const cookieOf = (answers: Answer[]) => {
    // The value of the control is the last string in it: a size, then the cookie.
    const bytes = answers.at(-1)?.controls ?? Buffer.alloc(0);
    return bytes.subarray(bytes.indexOf(element(0x02, Buffer.from([0]))) + 5).toString();
  };

  test('together hold what one answer holds', async () => {
    const wire = await wireAs(WEB, 'secret-1');
    const whole = await wire.ask(messageOf(search), isDone);
    const names: string[] = [];
    let cookie = '';
    do {
      const answers = await wire.ask(messageOf(search, [paged(3, cookie)]), isDone);
      names.push(...answers.slice(0, -1).map(({ dn }) => dn));
      expect(answers.length).toBeLessThanOrEqual(4);
      cookie = cookieOf(answers);
    } while (cookie !== '');
    expect(names).toEqual(whole.slice(0, -1).map(({ dn }) => dn));
  });

  test('show nobody who may not be seen any more', async () => {
    const wire = await wireAs(WEB, 'secret-1');
    const people = searchOf(PEOPLE, 1, present('uid'), ['uid']);
    const first = await wire.ask(messageOf(people, [paged(1)]), isDone);
    expect(first.map(({ dn }) => dn)).toEqual([`uid=mia,${PEOPLE}`, '']);
    const { id } = await world.store.db
      .selectFrom('users')
      .select('id')
      .where('username', '=', 'olga')
      .executeTakeFirstOrThrow();
    await world.setStatus(id, 'suspended');
    const second = await wire.ask(messageOf(people, [paged(1, cookieOf(first))]), isDone);
    expect(second).toMatchObject([{ tag: DONE, code: 0 }]);
    await world.setStatus(id, 'active');
  });

  test('that were never begun are refused', async () => {
    const wire = await wireAs(WEB, 'secret-1');
    expect(await wire.ask(messageOf(search, [paged(3, 'made up')]))).toMatchObject([{ code: 53 }]);
  });
});

test('only types, where only types are asked for', async () => {
  const wire = await wireAs(WEB, 'secret-1');
  const numbers = [integer(0, 0x0a), integer(0, 0x0a), integer(0), integer(0), Buffer.from([1, 1, 0xff])];
  const search = element(0x63, string(OLGA), ...numbers, present('uid'), element(0x30, string('UID'), string('cn')));
  const [entry] = await wire.ask(messageOf(search), isDone);
  expect(entry?.attributes).toEqual({ uid: [], cn: [] });
});

test('a client that does not read costs the server next to nothing, and gets everything once it does', async () => {
  const wire = await wireAs(WEB, 'secret-1');
  const many = Array.from({ length: 500 }, (_, n) =>
    messageOf(searchOf(BASE, 2, present('objectClass'), ['*', '+']), [], n + 1),
  );
  wire.stopReading();
  wire.send(Buffer.concat(many));
  for (let n = 0; n < 50; n += 1) await turn();
  expect(wire.held).toBeLessThan(4 << 20);
  wire.startReading();
  const answers = await wire.ask(Buffer.alloc(0), (all) => all.some(({ id, tag }) => id === 500 && tag === DONE));
  expect(answers.filter(({ tag }) => tag === DONE)).toHaveLength(500);
});

test('nothing is said about people while the database does not answer', async () => {
  const wire = await wireAs(WEB, 'secret-1');
  const broken = await openService({
    store: world.store,
    databaseUrl: world.url,
    baseDn: BASE,
    log: pino({ level: 'silent' }),
  });
  broken.stop();
  const blind = new Wire(broken.deps);
  expect(await blind.ask(messageOf(bindOf(WEB, 'secret-1')))).toMatchObject([{ code: 52 }]);
  expect(await blind.ask(messageOf(searchOf('', 0, present('objectClass'), ['vendorName'])), isDone)).toHaveLength(2);
  wire.close();
});

describe('a person', () => {
  const bindAs = async (username: string, password: string) => {
    const wire = new Wire(service.deps);
    const [answer] = await wire.ask(messageOf(bindOf(`uid=${username},${PEOPLE}`, password)));
    wire.close();
    return answer;
  };

  test('who wants it so appends a one-time code, which works once', async () => {
    const id = await world.person('tom');
    const secret = newTotpSecret();
    await world.store.transaction(async (tx) => {
      await putUnconfirmedTotp(tx, id, secret);
      await confirmTotp(tx, id);
      await tx.db.updateTable('users').set({ login_totp: 1 }).where('id', '=', id).execute();
    });
    const code = totpCode(secret, Date.now());
    expect(await bindAs('tom', PASSWORD)).toMatchObject({ code: 49 });
    expect(await bindAs('tom', PASSWORD + code)).toMatchObject({ code: 0 });
    expect(await bindAs('tom', PASSWORD + code)).toMatchObject({ code: 49 });
  });

  test('whose password is guessed at is told to wait, and the audit tells of it', async () => {
    const id = await world.person('gil');
    for (let n = 0; n < 6; n += 1) await bindAs('gil', `guess number ${n}`);
    expect(await bindAs('gil', PASSWORD)).toMatchObject({ code: 49, message: expect.stringContaining('wait') });
    const rows = await world.store.db.selectFrom('audit').selectAll().where('object_id', '=', id).execute();
    expect(rows.filter(({ action }) => action === 'session.refused')).toContainEqual(
      expect.objectContaining({ via: 'ldap', address: '192.0.2.1' }),
    );
  });
});
