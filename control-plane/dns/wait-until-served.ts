import type { Row } from '../store/schema.ts';
import type { DnsDeps, TxtRecord } from './dns-provider.ts';
import { waitForTxt } from './wait-for-txt.ts';

/**
 * Waits until a TXT record that was put at a provider is served by the provider's servers to check, or those that the
 * zone names. Agents have looked themselves whether dnsmasq serves it, whose servers the world need not reach.
 * @throws AppError "txt_not_served"
 */
export async function waitUntilServed(
  deps: DnsDeps,
  provider: Row<'dns_providers'>,
  { fqdn, value }: Pick<TxtRecord, 'fqdn' | 'value'>,
  signal: AbortSignal,
): Promise<void> {
  const servers: string[] = JSON.parse(provider.check_servers);
  if (provider.kind === 'dnsmasq' && servers.length === 0) return;
  await waitForTxt(deps, { fqdn, value, servers }, signal);
}
