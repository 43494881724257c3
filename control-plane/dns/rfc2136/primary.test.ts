/** What a server that is none of ours, or somebody in between, may answer. */
import { createServer, type Server } from 'node:net';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { afterEach, expect, it } from 'vitest';
import { RCODE, TYPE } from '../wire/constants.ts';
import { decodeMessage, encodeMessage, type ReadMessage } from '../wire/message.ts';
import { signMessage, type TsigKey, tsigOf } from '../wire/tsig.ts';
import { Primary } from './primary.ts';

const key: TsigKey = { name: 'key', algorithm: 'hmac-sha256', secret: Buffer.from('secret') };
let server: Server | undefined;

afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())));

/** Asks a server that answers as told; undefined closes the connection. */
async function ask(answer: (request: ReadMessage, mac: Buffer) => Buffer | undefined): Promise<ReadMessage> {
  server = createServer((socket) => {
    socket.once('data', (chunk) => {
      const request = decodeMessage(chunk.subarray(2));
      const bytes = answer(request, tsigOf(request)?.mac ?? Buffer.alloc(0));
      if (!bytes) return socket.end();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      // In two pieces, as TCP may deliver it.
      socket.write(Buffer.concat([length, bytes.subarray(0, 5)]));
      setImmediate(() => socket.write(bytes.subarray(5)));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return new Primary({ host: '127.0.0.1', port }, key, systemClock).query(
    'web.test',
    TYPE.A,
    AbortSignal.timeout(5_000),
  );
}

const plain = (request: ReadMessage, change: Partial<ReadMessage> = {}) =>
  encodeMessage({ ...request, response: true, additionals: [], ...change });
const seconds = () => Math.floor(Date.now() / 1000);

it('takes what is signed', async () => {
  const { response } = await ask((request, mac) => signMessage(plain(request), key, seconds(), mac).bytes);
  expect(response).toBe(true);
});

it.each<[string, (request: ReadMessage, mac: Buffer) => Buffer | undefined, RegExp]>([
  ['is not signed', (request) => plain(request), /not signed with the key, so it is not believed/],
  [
    'is signed with another secret',
    (request, mac) => signMessage(plain(request), { ...key, secret: Buffer.from('other') }, seconds(), mac).bytes,
    /not believed/,
  ],
  [
    'answers another request',
    (request) => signMessage(plain(request), key, seconds(), Buffer.alloc(32)).bytes,
    /not believed/,
  ],
  [
    'was signed an hour ago',
    (request, mac) => signMessage(plain(request), key, seconds() - 3_600, mac).bytes,
    /signed at another time: the clocks differ/,
  ],
  ['has another number', (request) => plain(request, { id: request.id ^ 1 }), /its answer is to another question/],
  ['is the question itself', (request) => plain(request, { response: false }), /its answer is to another question/],
  ['is noise', () => Buffer.from('noise'), /malformed DNS message: it is shorter than its head/],
  ['is nothing', () => undefined, /closed the connection without an answer/],
  [
    'fails without a signature',
    (request) => plain(request, { rcode: RCODE.SERVFAIL }),
    /cannot do it now: it answers SERVFAIL/,
  ],
])('refuses an answer that %s', async (_, answer, words) => {
  await expect(ask(answer)).rejects.toMatchObject({ name: 'AppError', message: expect.stringMatching(words) });
});
