import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';

/**
 * Lets an ordinary browser see containers without certificate warnings: plain HTTP on loopback, carried on to the
 * lab's nginx over HTTPS under the same host name. The certificate is not verified, since it signs itself in the lab
 * and the way there is this machine's loopback.
 */
export function devProxy(options: { port: number; ingressPort: number }): Promise<Server> {
  const server = createServer((incoming, answer) => forward(incoming, answer, options.ingressPort));
  server.on('upgrade', (incoming, socket, head) => upgrade(incoming, socket, head, options.ingressPort));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', () => resolve(server));
  });
}

function onward(incoming: IncomingMessage, port: number) {
  const host = (incoming.headers.host ?? '').replace(/:\d+$/, '');
  return request({
    host: '127.0.0.1',
    port,
    servername: host,
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, host },
    rejectUnauthorized: false,
  });
}

function forward(incoming: IncomingMessage, answer: ServerResponse, port: number): void {
  const out = onward(incoming, port);
  out.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  out.on('error', (error) => {
    if (!answer.headersSent) answer.writeHead(502, { 'content-type': 'text/plain' });
    answer.end(`The lab's nginx does not answer: ${error.message}\n`);
  });
  incoming.pipe(out);
}

function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, port: number): void {
  const out = onward(incoming, port);
  out.on('upgrade', (response, remote, first) => {
    const lines = response.rawHeaders.flatMap((name, i, all) => (i % 2 ? [] : [`${name}: ${all[i + 1]}`]));
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    remote.write(head);
    socket.write(first);
    remote.pipe(socket).pipe(remote);
    remote.on('error', () => socket.destroy());
    socket.on('error', () => remote.destroy());
  });
  out.on('error', () => socket.destroy());
  out.end();
}
