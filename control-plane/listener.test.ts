import { once } from 'node:events';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { connect } from 'node:http2';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { connect as dial } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { type SelfSigned, selfSigned } from './certificates/self-signed.ts';
import { type Listener, listenPlain, listenSecure } from './listener.ts';

const HERE = { host: '127.0.0.1', port: 0 };

let certificate: SelfSigned;

beforeAll(async () => {
  certificate = await selfSigned('berth.test', Date.now());
});

/** A server whose one call is under way until it is let go. */
class SlowCall {
  readonly #came = Promise.withResolvers<void>();
  readonly #answer = Promise.withResolvers<void>();

  readonly handler = async (_request: unknown, response: { end(text: string): unknown }): Promise<void> => {
    this.#came.resolve();
    await this.#answer.promise;
    response.end('answered');
  };

  get came(): Promise<void> {
    return this.#came.promise;
  }

  letGo(): void {
    this.#answer.resolve();
  }
}

const secure = (call: SlowCall) =>
  listenSecure(call.handler as never, HERE, { cert: certificate.chainPem, key: certificate.keyPem });

async function byHttp2({ port }: Listener): Promise<string> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  return text(session.request({ ':path': '/' }));
}

function byHttp1(send: typeof plainRequest | typeof secureRequest, agent: PlainAgent) {
  return async ({ port }: Listener): Promise<string> => {
    const call = send({ host: '127.0.0.1', port, agent, rejectUnauthorized: false });
    call.end();
    const [answer] = await once(call, 'response');
    return text(answer);
  };
}

test.each([
  ['HTTP/2', secure, byHttp2],
  ['HTTP/1.1 with TLS', secure, byHttp1(secureRequest, new SecureAgent({ keepAlive: true }))],
  [
    'HTTP/1.1',
    (call: SlowCall) => listenPlain(call.handler as never, HERE),
    byHttp1(plainRequest, new PlainAgent({ keepAlive: true })),
  ],
] as const)('a server that stops answers the call under way, over %s', async (_what, listen, ask) => {
  const call = new SlowCall();
  const listener = await listen(call);
  const answer = ask(listener);
  await call.came;
  const closed = listener.close();
  await expect(once(dial(listener.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  call.letGo();
  expect(await answer).toBe('answered');
  await closed;
});

test('a connection without a call keeps no server from stopping', async () => {
  const call = new SlowCall();
  call.letGo();
  const listener = await secure(call);
  const session = connect(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false });
  await once(session, 'connect');
  const gone = once(session, 'close');
  await listener.close();
  await gone;
});
