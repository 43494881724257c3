/** The bytes that end or hang a stock ldapjs server, before anybody has bound, against `berth ldap` as it runs. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { element, string } from '@berth/control-plane/ldap/ber/writer.ts';
import { messageOf, present, searchOf } from '@berth/control-plane/ldap/testing/requests.ts';
import { type Answer, readAnswers } from '@berth/control-plane/ldap/testing/responses.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LdapProcess, startLdapProcess } from '../support/ldap-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { BASE, LdapWorld } from './ldap-world.ts';

const ROOT = messageOf(searchOf('', 0, present('objectClass'), ['namingContexts']));
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const modifyThatOverruns = element(
  0x30,
  hex('020101'),
  hex(`66 20 0400 30 1c 301a 0a0102 3015 0404${Buffer.from('mail').toString('hex')} 317f 040161`),
);

const KILLERS: [string, Buffer][] = [
  ['a length of four bytes, all set', hex('30 84 ff ff ff ff')],
  [
    'a search whose list of attributes overruns it',
    hex(
      '30360201016331041164633d6578616d706c652c64633d636f6d0a01020a01000201000201000101008702636e30090403756964047f636e',
    ),
  ],
  ['a modification that overruns', modifyThatOverruns],
  ['a substring filter that overruns', messageOf(searchOf('', 0, hex('a4 0a 0402636e 307f 800161')))],
  [
    'controls that overrun',
    element(0x30, hex('020101'), searchOf('', 0, present('objectClass')), hex('a0 7f 3005 0403312e32')),
  ],
  ['63 KB of tiny messages', Buffer.concat(Array.from({ length: 9_000 }, () => hex('3005 020101 4200')))],
  ['63 KB of tiny questions', Buffer.concat(Array.from({ length: 2_000 }, () => ROOT))],
  ['a message that is to be 2 GB', hex('30 84 7f ff ff ff 020101')],
  ['an indefinite length', hex('30 80 020101 4200 0000')],
  ['something else than LDAP', Buffer.from('GET / HTTP/1.1\r\nHost: berth\r\n\r\n')],
  ['filters within filters, 20,000 deep', nested(20_000)],
  [
    'a filter of 20,000 clauses',
    messageOf(searchOf('', 0, element(0xa1, ...Array.from({ length: 20_000 }, () => hex('870163'))))),
  ],
];

function nested(levels: number): Buffer {
  let filter = string('cn', 0x87);
  for (let level = 0; level < Math.min(levels, 12_000); level += 1) filter = element(0xa2, filter);
  return messageOf(searchOf('', 0, filter));
}

let world: LdapWorld;
let server: LdapProcess;
beforeAll(async () => {
  world = await LdapWorld.open();
  server = await startLdapProcess({
    stateDir: world.directory,
    databaseUrl: world.url,
    masterKeyFile: await world.masterKeyFile(),
    base: BASE,
  });
});
afterAll(async () => {
  await server.program.stop();
  await world.close();
});

/** One that stays connected and asks. */
class Bystander {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk as Buffer]);
    });
  }

  async ask(): Promise<Answer[]> {
    this.#bytes = Buffer.alloc(0);
    this.#socket.write(ROOT);
    return waitFor(() => {
      const answers = readAnswers(this.#bytes);
      return answers.length === 2 ? answers : undefined;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Processor seconds and resident megabytes of the server. */
async function cost(): Promise<{ cpu: number; mb: number }> {
  const pid = server.program.pid;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, mb };
}

/** Sends bytes and reads until the server hangs up, or has nothing more to say. */
async function suffer(bytes: Buffer): Promise<Buffer> {
  const socket = connect(server.startTlsPort, '127.0.0.1');
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk as Buffer]);
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  socket.end();
  await once(socket, 'close');
  return received;
}

describe('harmless:', () => {
  test.each(KILLERS)('%s', async (_, bytes) => {
    const bystander = new Bystander(server.startTlsPort);
    await bystander.ask();
    const before = await cost();
    for (let time = 0; time < 5; time += 1) readAnswers(await suffer(bytes));
    const answers = await bystander.ask();
    expect(answers[0]?.attributes.namingContexts).toEqual([BASE]);
    const after = await cost();
    expect(after.cpu - before.cpu).toBeLessThan(2);
    expect(after.mb - before.mb).toBeLessThan(64);
    bystander.close();
  });
});

test('what cannot be read is answered, not just hung up on', async () => {
  const [notice] = readAnswers(await suffer(hex('30 84 ff ff ff ff')));
  expect(notice).toMatchObject({ id: 0, tag: 0x78, code: 2 });
  const [refusal] = readAnswers(await suffer(KILLERS[1]?.[1] as Buffer));
  expect(refusal).toMatchObject({ id: 1, tag: 0x65, code: 2 });
});
