import { AppError } from '../errors.ts';
import type { Row } from '../store/schema.ts';
import type { DnsDeps, DnsProvider } from './dns-provider.ts';

/** Opens the provider of a row; `siteId` is the site whose dnsmasq serves internal names. */
export function openDnsProvider(_deps: DnsDeps, { kind }: Row<'dns_providers'>, _siteId: string): DnsProvider {
  throw new AppError('internal', {
    reason: 'dns_provider_kind',
    message: `DNS providers of kind ${kind} are to come.`,
  });
}
