/** Mail by a real SMTP server, with STARTTLS, a password, and everything that goes wrong on the way. */
import type { MailAccount } from '@berth/control-plane/mail/mail-settings.ts';
import { sendBySmtp } from '@berth/control-plane/mail/smtp.ts';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MAIL_LOGIN, type MailServer, startMailServer } from '../support/mail-server.ts';

let server: MailServer;
let account: MailAccount;
const patience = () => AbortSignal.timeout(20_000);
const mail = {
  recipient: 'ada@harbour.example',
  subject: 'Grüße\u2028 from the harbour',
  text: 'A line.\n\nhttps://berth.example/link\n',
  messageId: '<mil-1@harbour.example>',
  senderName: 'Harbour "A", <b>',
};

beforeAll(async () => {
  server = await startMailServer();
});
afterAll(() => server?.stop());
beforeEach(() => {
  account = {
    host: '127.0.0.1',
    port: server.port,
    security: 'starttls',
    ...MAIL_LOGIN,
    senderAddress: 'berth@harbour.example',
    caPem: server.caPem,
  };
  server.mails.length = 0;
  server.faults.length = 0;
});

it('arrives over TLS, signed in, as it was written', async () => {
  expect(await sendBySmtp(account, mail, patience())).toMatchObject({ kind: 'sent' });
  expect(server.mails).toEqual([
    expect.objectContaining({
      to: 'ada@harbour.example',
      messageId: '<mil-1@harbour.example>',
      text: mail.text,
      secure: true,
      username: 'berth',
    }),
  ]);
});

it('does not go to a server whose certificate nobody has vouched for', async () => {
  const outcome = await sendBySmtp({ ...account, caPem: '' }, mail, patience());
  expect(outcome).toMatchObject({ kind: 'unreachable', words: expect.stringMatching(/self.signed/i) });
  expect(server.mails).toHaveLength(0);
});

it("tells a wrong password in the server's own words", async () => {
  const outcome = await sendBySmtp({ ...account, password: 'wrong' }, mail, patience());
  expect(outcome).toMatchObject({ kind: 'unreachable', words: expect.stringContaining('Who are you?') });
});

it.each([
  ['recipient', 550, 'refused'],
  ['recipient', 451, 'deferred'],
  ['data', 554, 'refused'],
  ['data', 452, 'deferred'],
] as const)('tells what it is that is refused at the %s with %i', async (at, status, kind) => {
  server.faults.push({ at, status });
  const outcome = await sendBySmtp(account, mail, patience());
  expect(outcome).toMatchObject({ kind, words: expect.stringContaining(`${status} `) });
});

it('does not count as sent when the connection breaks before the answer', async () => {
  server.faults.push('dead');
  expect(await sendBySmtp(account, mail, patience())).toMatchObject({ kind: 'unreachable' });
  expect(await sendBySmtp(account, mail, patience())).toMatchObject({ kind: 'sent' });
  expect(server.mails.map(({ messageId }) => messageId)).toEqual([mail.messageId, mail.messageId]);
});

it('tells when there is no server, and ends when it is told to', async () => {
  const port = await freePort();
  expect(await sendBySmtp({ ...account, port }, mail, patience())).toMatchObject({
    kind: 'unreachable',
    words: expect.stringContaining('ECONNREFUSED'),
  });
  const stop = new AbortController();
  stop.abort(new Error('The control plane stops.'));
  expect(await sendBySmtp(account, mail, stop.signal)).toEqual({
    kind: 'unreachable',
    words: 'The control plane stops.',
  });
});
