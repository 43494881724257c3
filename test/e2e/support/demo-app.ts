/** An app as people run them: a page, what it was told of its visitor, a WebSocket, uploads, downloads, events. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What an app has seen; a test reads it while a request is still under way. */
export interface Seen {
  /** Bytes of uploads so far, by what the sender calls them. */
  uploads: Map<string, number>;
  /** Streams of events that are open. */
  streams: Set<ServerResponse>;
}

/** An app and what it has seen. */
export interface DemoApp {
  readonly server: Server;
  readonly seen: Seen;
}

const CHUNK = Buffer.alloc(1 << 20, 'berth ');

/** Makes the app of a guest. @param name of the guest, shown on its page */
export function demoApp(name: string): DemoApp {
  const seen: Seen = { uploads: new Map(), streams: new Set() };
  const server = createServer((request, response) => {
    answer(name, seen, request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket) => echo(request, socket));
  return { server, seen };
}

async function answer(name: string, seen: Seen, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app');
  const id = searchParams.get('id') ?? '';
  switch (pathname) {
    case '/told':
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.headers));
      return;
    case '/seen':
      response.end(String(seen.uploads.get(id) ?? 0));
      return;
    case '/upload':
      for await (const chunk of request) seen.uploads.set(id, (seen.uploads.get(id) ?? 0) + chunk.length);
      response.end(String(seen.uploads.get(id)));
      return;
    case '/download':
      await download(response, Number(searchParams.get('mib')));
      return;
    case '/events':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      seen.streams.add(response);
      response.on('close', () => seen.streams.delete(response));
      return;
    case '/say':
      for (const stream of seen.streams) stream.write(`data: ${searchParams.get('what')}\n\n`);
      response.end('said');
      return;
    default:
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><title>${name}</title><h1>This is ${name}</h1>`);
  }
}

async function download(response: ServerResponse, mib: number): Promise<void> {
  response.setHeader('content-length', mib * CHUNK.length);
  for (let i = 0; i < mib; i++) {
    if (!response.write(CHUNK)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}

/** A WebSocket (RFC 6455) that says back what it hears, for texts of less than 126 bytes. */
function echo({ headers }: IncomingMessage, socket: Duplex): void {
  const key = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade';
  socket.write(`${head}\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`);
  socket.on('error', () => socket.destroy());
  socket.on('data', (frame: Buffer) => {
    const opcode = (frame[0] ?? 0) & 15;
    if (opcode === 8) return socket.end();
    const length = (frame[1] ?? 0) & 127;
    const mask = frame.subarray(2, 6);
    const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i & 3] ?? 0)));
    return socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
  });
}
