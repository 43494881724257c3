import type { Agent as PlainAgent } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls';

/** How a PVE node proves who it is. */
export interface Trust {
  /** PEM of the authority that signed its certificate; empty: the host's own trust store. */
  caPem: string;
  /** SHA-256 of its leaf certificate in colon-separated hex; empty: not pinned. */
  fingerprint: string;
}

type Done = (error: Error | null, stream: Duplex) => void;

/**
 * Connections over which no byte of ours goes before the node has proved itself. With an authority, or with nothing,
 * the chain and the host name are verified; a fingerprint is required on top of that. With a fingerprint alone it takes
 * the place of the chain: a pinned certificate needs no other voucher.
 */
export class TrustingAgent extends Agent {
  readonly #trust: Trust;
  readonly #connectWithinMs: number;

  /** @param connectWithinMs milliseconds until a connection has to be there */
  constructor(trust: Trust, connectWithinMs: number, options: AgentOptions) {
    // A resumed session shows no certificate to compare.
    super({ ...options, maxCachedSessions: 0 });
    this.#trust = trust;
    this.#connectWithinMs = connectWithinMs;
  }

  override createConnection(options: ConnectionOptions, done: Done): ReturnType<PlainAgent['createConnection']> {
    const { caPem, fingerprint } = this.#trust;
    const pinOnly = fingerprint !== '' && caPem === '';
    const socket = connect({ ...options, rejectUnauthorized: !pinOnly, ...(caPem !== '' && { ca: caPem }) });
    const late = () => socket.destroy(new Error(`no connection within ${this.#connectWithinMs / 1000} s`));
    const fail = (error: Error) => done(error, socket);
    socket.setTimeout(this.#connectWithinMs, late);
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.off('timeout', late);
      const found = fingerprintOf(socket);
      const wanted = normalise(fingerprint);
      if (wanted === '' || found === wanted) {
        socket.off('error', fail);
        return done(null, socket);
      }
      socket.destroy(new Error(`the certificate's fingerprint is ${found || 'missing'}, not the pinned ${wanted}`));
    });
    return undefined;
  }
}

function fingerprintOf(socket: TLSSocket): string {
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  return normalise(certificate.fingerprint256 ?? '');
}

function normalise(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
