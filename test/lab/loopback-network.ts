import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Second octets of the networks, and the port by which one is held. */
const FIRST = 64;
const COUNT = 64;
const PORT = 17_999;

/** What a lab on loopback has for itself among all on this machine. */
export interface LoopbackNetwork {
  /** Its first two octets; all of 127.0.0.0/8 is the machine itself. */
  readonly prefix: string;
  /** The first of a hundred ports, below those that `freePort` gives. */
  readonly firstPort: number;
  /** Gives it back; it is free too when the process ends, however it does. */
  release(): void;
}

/**
 * Takes a network of 127.0.0.0/8 that no other lab has, in this process or another. Two labs on the same one would
 * give their guests the same addresses, and the guest that came second would never serve its page.
 *
 * @throws Error when all 64 are taken
 */
export async function takeLoopbackNetwork(): Promise<LoopbackNetwork> {
  const start = randomInt(COUNT);
  for (let step = 0; step < COUNT; step += 1) {
    const index = (start + step) % COUNT;
    const prefix = `127.${FIRST + index}`;
    const release = await hold(`${prefix}.255.254`);
    if (release) return { prefix, firstPort: 10_000 + 100 * index, release };
  }
  throw new Error(`all ${COUNT} networks for labs on loopback are taken`);
}

/** Listens at an address until it is released; undefined when somebody else does. */
async function hold(address: string): Promise<(() => void) | undefined> {
  const server = createServer().listen({ host: address, port: PORT, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  server.unref();
  return () => server.close();
}
