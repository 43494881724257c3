import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the range from which the kernel numbers outgoing connections, so that none of those takes the port between
// the look and the use.
const LOWEST = 18_000;
const HIGHEST = 32_000;

/**
 * A TCP port on loopback that nobody listens on at this moment.
 *
 * @throws Error when a hundred random ports are all taken.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
