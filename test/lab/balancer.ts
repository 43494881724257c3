import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { joinSockets } from './net/join-sockets.ts';

/** A TCP load balancer on loopback. */
export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

/** Passes each connection on to the first of these loopback ports that takes it. */
export async function startBalancer(targets: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (inner) => {
    track(open, inner);
    void firstOf(targets).then((outer) => {
      if (!outer) return inner.destroy();
      track(open, outer);
      joinSockets(inner, outer);
      inner.resume();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function firstOf(targets: readonly number[]): Promise<Socket | undefined> {
  for (const port of targets) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    if (
      await once(socket, 'connect').then(
        () => true,
        () => false,
      )
    )
      return socket;
  }
  return undefined;
}

function track(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => open.delete(socket));
}
