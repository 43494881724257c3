import { createServer } from 'node:net';

/** Why an address cannot be listened on (`EADDRINUSE`, `EADDRNOTAVAIL`, …), or undefined. */
export function listenFault({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}
