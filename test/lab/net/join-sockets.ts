import type { Socket } from 'node:net';

/**
 * Joins two sockets into one connection: bytes both ways with back-pressure, and each half closed by itself, so that a
 * client which has sent its request and closed its side still gets the answer. Both need `allowHalfOpen`.
 */
export function joinSockets(one: Socket, other: Socket): void {
  one.pipe(other);
  other.pipe(one);
  // An error ends both at once. It is not swallowed: the peers see their connection break, as they would without us.
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.on('error', () => peer.destroy());
    socket.on('close', () => peer.destroySoon());
  }
}
