/** The two ports: LDAPS, and LDAP on which clients ask for TLS first. */
import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type SecureContext, TLSSocket } from 'node:tls';
import { Admission } from './admission.ts';
import { Connection, type ConnectionDeps } from './connection.ts';

export interface Address {
  host: string;
  port: number;
}

/** PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface ListenOptions {
  /** Over TLS from the first byte; absent for none. */
  ldaps: Address | undefined;
  /** Where TLS begins with StartTLS; absent for none. */
  startTls: Address | undefined;
  certificate: Certificate;
  deps: Omit<ConnectionDeps, 'secure'>;
  /** Whether passwords may come without TLS: for measuring beside a server that does so, never otherwise. */
  trustNetwork?: boolean;
}

/** The running ports. */
export interface LdapPorts {
  /** The port that LDAPS got, or 0. */
  readonly ldaps: number;
  /** The port that LDAP with StartTLS got, or 0. */
  readonly startTls: number;
  /** Connections open now. */
  readonly connections: number;
  /** Replaces the certificate for new handshakes. */
  setCertificate(certificate: Certificate): void;
  close(): Promise<void>;
}

/** A process may have some tens of thousands of files open; half the usual limit of a service is left for the rest. */
const LIMITS = { total: 30_000, unboundPerAddress: 2_000 };
const HANDSHAKE_MS = 10_000;
const SWEEP_MS = 5_000;
const BACKLOG = 1_024;

/** Listens on both ports. @throws when one is taken */
export async function listen(options: ListenOptions): Promise<LdapPorts> {
  const ports = new Ports(options);
  try {
    const ldaps = options.ldaps ? await ports.open(ports.tls, options.ldaps) : 0;
    const startTls = options.startTls ? await ports.open(ports.plain, options.startTls) : 0;
    return {
      ldaps,
      startTls,
      get connections() {
        return ports.admission.size;
      },
      setCertificate: (certificate) => ports.setCertificate(certificate),
      close: () => ports.close(),
    };
  } catch (error) {
    await ports.close();
    throw error;
  }
}

function contextOf(certificate: Certificate): { cert: string; key: string; minVersion: 'TLSv1.2' } {
  return { ...certificate, minVersion: 'TLSv1.2' };
}

class Ports {
  readonly admission = new Admission<Connection>(LIMITS);
  readonly plain: Server;
  readonly tls: ReturnType<typeof createTlsServer>;
  readonly #deps: ConnectionDeps;
  readonly #trustNetwork: boolean;
  readonly #open: Server[] = [];
  /** Sockets in their handshake, by their other end. */
  readonly #handshakes = new Map<string, Socket>();
  #context: SecureContext;
  #cancelSweep: () => void = () => {};

  constructor({ certificate, deps, trustNetwork = false }: ListenOptions) {
    this.#context = createSecureContext(contextOf(certificate));
    this.#trustNetwork = trustNetwork;
    this.#deps = {
      ...deps,
      secure: (socket) => new TLSSocket(socket, { isServer: true, secureContext: this.#context }),
    };
    const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
    this.plain = createPlainServer(socketOptions, (socket) => this.#accept(socket, this.#trustNetwork));
    const tlsOptions = { ...socketOptions, ...contextOf(certificate), handshakeTimeout: HANDSHAKE_MS };
    this.tls = createTlsServer(tlsOptions, (socket) => {
      this.#handshakes.delete(otherEnd(socket));
      this.#accept(socket, true);
    });
    this.tls.on('connection', (socket: Socket) => this.#beginHandshake(socket));
    // Whoever does not get through the handshake is nobody's concern; the socket is closed already.
    this.tls.on('tlsClientError', () => undefined);
    this.#sweepLater();
  }

  async open(server: Server, { host, port }: Address): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        server.on('error', this.#deps.onError);
        resolve();
      });
    });
    this.#open.push(server);
    const address = server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  setCertificate(certificate: Certificate): void {
    this.#context = createSecureContext(contextOf(certificate));
    this.tls.setSecureContext(contextOf(certificate));
  }

  #beginHandshake(socket: Socket): void {
    // Handshakes are dear, and have a timeout of their own; more at once than there may be connections are too many.
    if (this.#handshakes.size >= LIMITS.unboundPerAddress * 2) {
      socket.destroy();
      return;
    }
    const end = otherEnd(socket);
    this.#handshakes.set(end, socket);
    socket.once('close', () => {
      if (this.#handshakes.get(end) === socket) this.#handshakes.delete(end);
    });
  }

  #accept(socket: Socket, secure: boolean): void {
    const address = plainAddress(socket.remoteAddress);
    if (!this.admission.makeRoom(address)) {
      socket.destroy();
      return;
    }
    const onEnd = () => this.admission.remove(connection);
    const connection: Connection = new Connection(socket, { deps: this.#deps, address, secure, onEnd });
    this.admission.add(connection);
  }

  #sweepLater(): void {
    const { clock } = this.#deps;
    this.#cancelSweep = clock.after(SWEEP_MS, () => {
      const now = clock.now();
      for (const connection of this.admission) connection.sweep(now);
      this.#sweepLater();
    });
  }

  async close(): Promise<void> {
    this.#cancelSweep();
    const closed = this.#open.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const connection of this.admission) connection.destroy();
    for (const socket of this.#handshakes.values()) socket.destroy();
    await Promise.all(closed);
  }
}

function otherEnd(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** An IPv4 address as such, where the socket speaks IPv6 too. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
