import type { AuthContext } from '@grpc/grpc-js/build/src/auth-context.js';
import type { Peer } from './session-link.ts';

const PREFIX = 'URI:urn:berth:agent:';

/**
 * Who is at the other end of a call, from the certificate it showed; TLS has checked by then that our authority signed
 * it for a client.
 * @returns undefined for a certificate that is no agent's
 */
export function peerOf(context: AuthContext | null): Peer | undefined {
  const certificate = context?.sslPeerCertificate;
  const name = certificate?.subjectaltname
    ?.split(', ')
    .find((part) => part.startsWith(PREFIX))
    ?.slice(PREFIX.length);
  const notAfter = Date.parse(certificate?.valid_to ?? '');
  if (!name || !/^agt-[0-9a-z]+$/.test(name) || Number.isNaN(notAfter)) return undefined;
  return { agentId: name, notAfter };
}
