import type { Row } from '../store/schema.ts';
import type { SecretBox } from '../store/secrets.ts';
import { acmeDnsSettings, openAcmeDns } from './acme-dns-provider.ts';
import { cloudflareSettings, openCloudflare } from './cloudflare/cloudflare-provider.ts';
import type { DnsDeps, DnsProvider } from './dns-provider.ts';
import { openDnsmasq } from './dnsmasq-provider.ts';
import { openRfc2136, rfc2136Settings } from './rfc2136/rfc2136-provider.ts';
import { openWebhook, webhookSettings } from './webhook-provider.ts';

/** Opens the provider of a row; `siteId` is the site whose dnsmasq serves internal names. */
export function openDnsProvider(deps: DnsDeps, provider: Row<'dns_providers'>, siteId: string): DnsProvider {
  const settings: unknown = JSON.parse(provider.settings);
  const secret = () => openSecret(deps.store.secrets, provider);
  switch (provider.kind) {
    case 'cloudflare':
      return openCloudflare(deps, cloudflareSettings.parse(settings), secret());
    case 'rfc2136':
      return openRfc2136(deps, rfc2136Settings.parse(settings), secret());
    case 'acme_dns':
      return openAcmeDns(deps, acmeDnsSettings.parse(settings), secret());
    case 'webhook':
      return openWebhook(deps, webhookSettings.parse(settings), secret());
    case 'dnsmasq':
      return openDnsmasq(deps, siteId);
  }
}

/** Seals the secret of a provider. */
export function sealSecret(secrets: SecretBox, id: string, secret: string): Uint8Array {
  return secrets.seal(secret, context(id));
}

function openSecret(secrets: SecretBox, { id, secret_box }: Row<'dns_providers'>): string {
  return secret_box === null ? '' : secrets.open(secret_box, context(id));
}

function context(id: string): string {
  return `dns_providers.secret_box:${id}`;
}
