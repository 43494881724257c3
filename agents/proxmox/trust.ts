import { type PeerCertificate, TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';

/** How a PVE node proves who it is. */
export interface Trust {
  /** PEM of the authority that signed its certificate; empty: the host's own trust store. */
  caPem: string;
  /** SHA-256 of its leaf certificate in colon-separated hex; empty: not pinned. */
  fingerprint: string;
}

/**
 * A connector for undici that lets no byte through before the node has proved itself. With an authority, or with
 * nothing, the chain and the host name are verified; a fingerprint is required on top of that. With a fingerprint
 * alone it takes the place of the chain: a pinned certificate needs no other voucher.
 */
export function trustingConnector(trust: Trust, timeoutMs: number): buildConnector.connector {
  const pinOnly = trust.fingerprint !== '' && trust.caPem === '';
  const connect = buildConnector({
    timeout: timeoutMs,
    // A resumed session shows no certificate to compare.
    maxCachedSessions: 0,
    rejectUnauthorized: !pinOnly,
    ...(trust.caPem !== '' && { ca: trust.caPem }),
  });
  if (trust.fingerprint === '') return connect;
  const wanted = normalise(trust.fingerprint);
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error) return callback(error, null);
      const found = socket instanceof TLSSocket ? normalise(fingerprintOf(socket)) : '';
      if (found === wanted) return callback(null, socket);
      socket.destroy();
      callback(new Error(`the certificate's fingerprint is ${found || 'missing'}, not the pinned ${wanted}`), null);
    });
  };
}

function fingerprintOf(socket: TLSSocket): string {
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  return certificate.fingerprint256 ?? '';
}

function normalise(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
