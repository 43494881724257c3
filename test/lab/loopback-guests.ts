/**
 * Guests without containers: records of the PVE simulator that still do what the site sees of a guest. Each takes the
 * address reserved for its MAC, as its lease shows, and serves a page and a TCP banner there. For machines without
 * root or LXC, and for more guests than a machine can boot.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { waitFor } from '../support/wait-for.ts';
import { MemoryBackend, type MemoryGuest } from './pve/memory-backend.ts';

export interface LoopbackGuestsOptions {
  /** The reservation file that the dnsmasq agent renders. */
  reservationFile: string;
  /** The lease file that it watches. */
  leaseFile: string;
  /** Ports a guest serves its page and its banner on. */
  httpPort: number;
  tcpPort: number;
  /** What serves a guest's page, instead of a greeting. */
  page?: ((hostname: string) => HttpServer) | undefined;
}

const LEASE_SECONDS = 12 * 3600;

/** A backend of such guests. */
export function loopbackGuests(options: LoopbackGuestsOptions): MemoryBackend {
  const servers = new Map<number, Server[]>();
  return new MemoryBackend({
    onStart: async (guest) => {
      const address = await takeAddress(guest, options);
      servers.set(guest.spec.vmid, await serve(guest.spec.hostname, address, options));
    },
    onStop: (guest) => {
      for (const server of servers.get(guest.spec.vmid) ?? []) server.close();
      servers.delete(guest.spec.vmid);
    },
  });
}

async function takeAddress(guest: MemoryGuest, options: LoopbackGuestsOptions): Promise<string> {
  const mac = guest.spec.nets[0]?.hwaddr.toLowerCase() ?? '';
  const reservation = await waitFor(
    async () => (await readFile(options.reservationFile, 'utf8')).split('\n').find((line) => line.includes(mac)),
    { what: `a reservation for ${mac}` },
  );
  const address = reservation.split(',').find((part) => /^\d+\.\d+\.\d+\.\d+$/.test(part)) ?? '';
  const expires = Math.floor(Date.now() / 1000) + LEASE_SECONDS;
  await appendFile(options.leaseFile, `${expires} ${mac} ${address} ${guest.spec.hostname} *\n`);
  guest.interfaces[1]?.addresses.unshift({ family: 'inet', address, prefix: 16 });
  return address;
}

async function serve(hostname: string, address: string, options: LoopbackGuestsOptions): Promise<Server[]> {
  const web = options.page?.(hostname) ?? greeting(hostname, address);
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('SSH-2.0-berth-demo\r\n');
  });
  await Promise.all([listen(web, options.httpPort, address), listen(tcp, options.tcpPort, address)]);
  return [web, tcp];
}

function greeting(hostname: string, address: string): HttpServer {
  return createHttpServer((_request, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.end(`<!doctype html><title>${hostname}</title><h1>Hello from ${hostname}</h1><p>${address}</p>\n`);
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}
