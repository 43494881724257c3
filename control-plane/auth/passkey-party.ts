import { isIP } from 'node:net';
import type { Config } from '../config.ts';
import type { PasskeyParty } from './passkeys.ts';

/**
 * Under which name the pages ask for passkeys, if they can: browsers allow them on a host name over TLS, and on
 * "localhost" without.
 */
export function passkeyPartyOf({
  publicUrl,
  plainListen,
}: Pick<Config, 'publicUrl' | 'plainListen'>): PasskeyParty | undefined {
  const { hostname, origin, protocol } = new URL(publicUrl);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return undefined;
  if (protocol !== 'https:' && hostname !== 'localhost') return undefined;
  const plain = hostname === 'localhost' && plainListen ? [`http://localhost:${plainListen.port}`] : [];
  return { id: hostname, origins: [origin, ...plain] };
}
