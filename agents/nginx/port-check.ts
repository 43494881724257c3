import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Whether a port can be taken on an address (IPv6 with or without brackets) at this moment. */
export function canBind(protocol: 'tcp' | 'udp', address: string, port: number): Promise<boolean> {
  const host = address.replace(/^\[|\]$/g, '');
  return protocol === 'tcp' ? canListen(host, port) : canReceive(host, port);
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => server.close(() => resolve(true)));
  });
}

function canReceive(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ipv6Only: address.includes(':') });
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
