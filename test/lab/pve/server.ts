import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { messageOf } from './pve-error.ts';
import { BODY_LIMIT, type SimRequest } from './request.ts';
import type { SimResponse } from './response.ts';

/** A served cluster. */
export interface Listener {
  port: number;
  close(): Promise<void>;
}

export interface ListenOptions {
  host: string;
  port: number;
  /** PEM texts. */
  tls: { cert: string; key: string };
}

type Handle = (request: SimRequest) => Promise<SimResponse>;

const UPLOAD_LIMIT = 2 * 1024 ** 3;

/** Serves a handler over HTTPS. */
export async function listenHttps(handle: Handle, options: ListenOptions): Promise<Listener> {
  const server = createServer(options.tls, (message, response) => {
    serve(handle, message, response).catch((error: unknown) => {
      response.destroy(new Error(messageOf(error)));
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options.port, options.host, resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

async function serve(handle: Handle, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  const upload = headers['content-type']?.startsWith('multipart/form-data') === true;
  const body = await readBody(message, upload ? UPLOAD_LIMIT : BODY_LIMIT + 1);
  const answer = await handle({ method: message.method ?? '', url: message.url ?? '', headers, body });
  const length = { 'content-length': String(Buffer.byteLength(answer.body)) };
  response.writeHead(answer.status, statusLine(answer.statusText), { ...answer.headers, ...length });
  response.end(answer.body);
}

// Everything is read, so that the answer arrives; beyond the limit nothing is kept.
async function readBody(message: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    if (length < limit) chunks.push(chunk.subarray(0, limit - length));
    length += chunk.length;
  }
  return Buffer.concat(chunks);
}

// A status line carries bytes: UTF-8 seen as Latin-1, without control characters.
function statusLine(text: string): string {
  return Buffer.from(text.replaceAll(/[\x00-\x1f\x7f]/g, ' ')).toString('latin1');
}
