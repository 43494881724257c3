import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { joinSockets } from './join-sockets.ts';
import type { LabHost } from './lab-host.ts';
import type { LabNetwork } from './lab-network.ts';

/** What a relay joins. */
export type RelayOptions = {
  readonly network: LabNetwork;
  /** The host from whose place in the lab the target is reached. */
  readonly from: LabHost;
  /** Where to connect inside the lab. */
  readonly target: { readonly host: string; readonly port: number };
  /** Port on this machine's loopback; 0 or nothing for any free one. */
  readonly listenPort?: number;
};

/** A port of this machine's loopback that leads to a TCP port inside the lab. */
export type Relay = { readonly port: number; close(): Promise<void> };

/**
 * Opens a way for ordinary programs (a browser, curl) on this machine into the lab.
 *
 * A process cannot be in two network namespaces, but a unix socket is seen from all: this process listens on loopback,
 * a small child inside the namespace connects to the target, a unix socket in the lab's directory joins them.
 *
 * @throws Error when the port is taken or the child does not start.
 */
export async function relay(options: RelayOptions): Promise<Relay> {
  const socketPath = join(options.network.directory, `relay-${randomBytes(4).toString('hex')}.sock`);
  const child = await startInside(options, socketPath);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inbound) => {
    open.add(inbound);
    inbound.on('close', () => open.delete(inbound));
    joinSockets(inbound, connect({ path: socketPath, allowHalfOpen: true }));
  });
  try {
    const port = await listen(server, options.listenPort ?? 0);
    return { port, close: () => close(server, open, child) };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

type Inside = { stop(): Promise<void> };

async function startInside({ from, target }: RelayOptions, socketPath: string): Promise<Inside> {
  const program = join(import.meta.dirname, 'relay-inside.ts');
  const args = [program, socketPath, target.host, String(target.port)];
  const child = from.spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const started = child.stdout ? once(child.stdout, 'data') : Promise.reject(new Error('no output'));
  const first = await Promise.race([started.then(() => 'ready'), ended.then(([code]) => `exit ${code}`)]);
  if (first !== 'ready') throw new Error(`the relay into ${from.namespace} did not start: ${first}`);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { stop };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the relay listens on no port');
  return address.port;
}

async function close(server: Server, open: ReadonlySet<Socket>, child: Inside): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of open) socket.destroy();
  await child.stop();
  await closed;
}
