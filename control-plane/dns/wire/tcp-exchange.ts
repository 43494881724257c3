import { connect } from 'node:net';
import type { ServerAddress } from '../server-address.ts';

const LENGTH_BYTES = 2;

/**
 * Sends one message over TCP and reads the one that comes back (RFC 7766, 8), on a connection of its own.
 * @throws what the connection fails with, the signal's reason, or Error when the server closes too early
 */
export function exchange({ host, port }: ServerAddress, request: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = () => end(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('end', () => end(() => reject(new Error('the server closed the connection without an answer'))));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = framed(received);
      if (answer) end(() => resolve(answer));
    });
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(request.length);
    socket.write(Buffer.concat([length, request]));
  });
}

function framed(received: Buffer): Buffer | undefined {
  if (received.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + received.readUInt16BE(0);
  return received.length < end ? undefined : received.subarray(LENGTH_BYTES, end);
}
