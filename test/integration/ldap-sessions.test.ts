/** What must and must not be done with a connection, straight at a session. */
import { newTotpSecret, totpCode } from '@berth/control-plane/auth/totp.ts';
import { element, integer, string } from '@berth/control-plane/ldap/ber/writer.ts';
import {
  abandonOf,
  bindOf,
  control,
  extendedOf,
  messageOf,
  paged,
  present,
  saslBindOf,
  searchOf,
} from '@berth/control-plane/ldap/testing/requests.ts';
import type { Answer } from '@berth/control-plane/ldap/testing/responses.ts';
import { turn, Wire } from '@berth/control-plane/ldap/testing/wire.ts';
import { confirmTotp, putUnconfirmedTotp } from '@berth/control-plane/store/totp-factors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DONE, isDone, LdapSessions, OLGA, PEOPLE, WEB } from './ldap-sessions.ts';
import { BASE, PASSWORD } from './ldap-world.ts';

let sessions: LdapSessions;
beforeAll(async () => {
  sessions = await LdapSessions.open();
});
afterAll(() => sessions.close());

describe('a connection', () => {
  test('is nobody after a bind that failed, whoever it was before', async () => {
    const wire = await sessions.wireAs(WEB, 'secret-1');
    expect(await wire.ask(messageOf(bindOf(WEB, 'wrong')))).toMatchObject([{ code: 49 }]);
    expect(await wire.ask(messageOf(searchOf(BASE, 2, present('uid'))))).toMatchObject([{ tag: DONE, code: 50 }]);
  });

  test.each([
    ['SASL', saslBindOf('GSSAPI'), 7],
    ['version 2', bindOf(WEB, 'secret-1', 2), 2],
    ['a name without a password', bindOf(WEB, ''), 53],
    ['a password without a name', bindOf('', 'x'), 49],
  ])('refuses %s and stays', async (_, bind, code) => {
    const wire = new Wire(sessions.service.deps);
    expect(await wire.ask(messageOf(bind))).toMatchObject([{ code }]);
    expect(await wire.ask(messageOf(searchOf('', 0, present('objectClass'))), isDone)).toHaveLength(2);
  });

  test('in the clear takes no password, right or wrong', async () => {
    const wire = new Wire(sessions.service.deps, { secure: false });
    expect(await wire.ask(messageOf(bindOf(WEB, 'secret-1')))).toMatchObject([{ code: 13 }]);
    expect(await wire.ask(messageOf(bindOf('', '')))).toMatchObject([{ code: 0 }]);
  });

  test('answers in the order of the questions, binds among them', async () => {
    const wire = new Wire(sessions.service.deps);
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
    const wire = await sessions.wireAs(OLGA, PASSWORD);
    const search = searchOf(OLGA, 0, present('uid'), ['1.1']);
    wire.send(Buffer.concat([messageOf(search, [], 7), messageOf(abandonOf(7), [], 8), messageOf(search, [], 9)]));
    const answers = await wire.ask(Buffer.alloc(0), isDone);
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([9]));
  });

  test('gets an answer also to what the server does not do', async () => {
    const wire = await sessions.wireAs(OLGA, PASSWORD);
    expect(await wire.ask(messageOf(string(OLGA, 0x4a)))).toMatchObject([{ tag: 0x6b, code: 53 }]);
    expect(await wire.ask(messageOf(extendedOf('1.2.3')))).toMatchObject([{ tag: 0x78, code: 2 }]);
    expect(await wire.ask(messageOf(searchOf('o=elsewhere', 2, present('uid'))))).toMatchObject([{ code: 32 }]);
    expect(await wire.ask(messageOf(searchOf('no name', 2, present('uid'))))).toMatchObject([{ code: 34 }]);
    expect(await wire.ask(messageOf(searchOf(BASE, 2, present('uid')), [control('1.2.3', true)]))).toMatchObject([
      { code: 12 },
    ]);
  });

  test('is ended with a notice when its bytes are no LDAP', async () => {
    const wire = new Wire(sessions.service.deps);
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
    expect(await new Wire(sessions.service.deps).ask(large)).toMatchObject([{ id: 0, code: 2 }]);
    const answers = await (await sessions.wireAs(WEB, 'secret-1')).ask(large, isDone);
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
    const wire = await sessions.wireAs(WEB, 'secret-1');
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
    const wire = await sessions.wireAs(WEB, 'secret-1');
    const people = searchOf(PEOPLE, 1, present('uid'), ['uid']);
    const first = await wire.ask(messageOf(people, [paged(1)]), isDone);
    expect(first.map(({ dn }) => dn)).toEqual([`uid=mia,${PEOPLE}`, '']);
    const { id } = await sessions.world.store.db
      .selectFrom('users')
      .select('id')
      .where('username', '=', 'olga')
      .executeTakeFirstOrThrow();
    await sessions.world.setStatus(id, 'suspended');
    const second = await wire.ask(messageOf(people, [paged(1, cookieOf(first))]), isDone);
    expect(second).toMatchObject([{ tag: DONE, code: 0 }]);
    await sessions.world.setStatus(id, 'active');
  });

  test('that were never begun are refused', async () => {
    const wire = await sessions.wireAs(WEB, 'secret-1');
    expect(await wire.ask(messageOf(search, [paged(3, 'made up')]))).toMatchObject([{ code: 53 }]);
  });
});

test('only types, where only types are asked for', async () => {
  const wire = await sessions.wireAs(WEB, 'secret-1');
  const numbers = [integer(0, 0x0a), integer(0, 0x0a), integer(0), integer(0), Buffer.from([1, 1, 0xff])];
  const search = element(0x63, string(OLGA), ...numbers, present('uid'), element(0x30, string('UID'), string('cn')));
  const [entry] = await wire.ask(messageOf(search), isDone);
  expect(entry?.attributes).toEqual({ uid: [], cn: [] });
});

test('a client that does not read costs the server next to nothing, and gets everything once it does', async () => {
  const wire = await sessions.wireAs(WEB, 'secret-1');
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
  const wire = await sessions.wireAs(WEB, 'secret-1');
  const broken = await sessions.another();
  broken.stop();
  const blind = new Wire(broken.deps);
  expect(await blind.ask(messageOf(bindOf(WEB, 'secret-1')))).toMatchObject([{ code: 52 }]);
  expect(await blind.ask(messageOf(searchOf('', 0, present('objectClass'), ['vendorName'])), isDone)).toHaveLength(2);
  wire.close();
});

describe('a person', () => {
  const bindAs = async (username: string, password: string) => {
    const wire = new Wire(sessions.service.deps);
    const [answer] = await wire.ask(messageOf(bindOf(`uid=${username},${PEOPLE}`, password)));
    wire.close();
    return answer;
  };

  test('who wants it so appends a one-time code, which works once', async () => {
    const id = await sessions.world.person('tom');
    const secret = newTotpSecret();
    await sessions.world.store.transaction(async (tx) => {
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
    const id = await sessions.world.person('gil');
    for (let n = 0; n < 6; n += 1) await bindAs('gil', `guess number ${n}`);
    expect(await bindAs('gil', PASSWORD)).toMatchObject({ code: 49, message: expect.stringContaining('wait') });
    const rows = await sessions.world.store.db.selectFrom('audit').selectAll().where('object_id', '=', id).execute();
    expect(rows.filter(({ action }) => action === 'session.refused')).toContainEqual(
      expect.objectContaining({ via: 'ldap', address: '192.0.2.1' }),
    );
  });
});
