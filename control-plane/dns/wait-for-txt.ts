import { AppError } from '../errors.ts';
import type { DnsDeps } from './dns-provider.ts';

/** A TXT record that is waited for. */
export interface AwaitedTxt {
  fqdn: string;
  value: string;
  /** Servers to ask, HOST or HOST:PORT; empty: those that the zone itself names. */
  servers: readonly string[];
}

/**
 * Waits until every server has the value, as long as the signal allows.
 * @throws AppError "txt_not_served" that names the server which does not have it
 */
export function waitForTxt(_deps: DnsDeps, { fqdn }: AwaitedTxt, _signal: AbortSignal): Promise<void> {
  const message = `Nobody can look for ${fqdn} yet.`;
  return Promise.reject(new AppError('unavailable', { reason: 'txt_not_served', message }));
}
