import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CliError } from '../explain.ts';

/** What tells a provider's kind and its settings, by option. */
export interface KindOptions {
  cloudflareTokenFile?: string;
  cloudflareUrl?: string;
  rfc2136Server?: string;
  rfc2136Zone?: string;
  rfc2136Key?: string;
  rfc2136Algorithm?: string;
  rfc2136SecretFile?: string;
  acmeDnsUrl?: string;
  acmeDnsUsername?: string;
  acmeDnsPasswordFile?: string;
  acmeDnsSubdomain?: string;
  webhookUrl?: string;
  webhookSecretFile?: string;
  dnsmasq?: boolean;
}

/** Field of the API for each option; those of files take what stands in them. */
const FIELDS = {
  cloudflare: { cloudflareTokenFile: 'apiToken', cloudflareUrl: 'apiUrl' },
  rfc2136: {
    rfc2136Server: 'server',
    rfc2136Zone: 'zone',
    rfc2136Key: 'keyName',
    rfc2136Algorithm: 'algorithm',
    rfc2136SecretFile: 'secret',
  },
  acmeDns: {
    acmeDnsUrl: 'apiUrl',
    acmeDnsUsername: 'username',
    acmeDnsPasswordFile: 'password',
    acmeDnsSubdomain: 'subdomain',
  },
  webhook: { webhookUrl: 'url', webhookSecretFile: 'secret' },
} as const;

type Kind = keyof typeof FIELDS;

/** Adds the options of every kind. */
export function withKindOptions(command: Command): Command {
  return command
    .option('--cloudflare-token-file <file>', "Cloudflare: file with an API token that may edit the zone's records")
    .option('--cloudflare-url <url>', "Cloudflare: base URL of the API (Cloudflare's)")
    .option('--rfc2136-server <server>', 'dynamic updates: HOST or HOST:PORT of the primary')
    .option('--rfc2136-zone <zone>', 'dynamic updates: zone to change (found by asking)')
    .option('--rfc2136-key <name>', 'dynamic updates: name of the TSIG key')
    .option('--rfc2136-algorithm <name>', 'dynamic updates: its algorithm (hmac-sha256)')
    .option('--rfc2136-secret-file <file>', 'dynamic updates: file with its secret, base64')
    .option('--acme-dns-url <url>', 'acme-dns: base URL of its API')
    .option('--acme-dns-username <name>', 'acme-dns: user name, as its registration told')
    .option('--acme-dns-password-file <file>', 'acme-dns: file with the password')
    .option('--acme-dns-subdomain <name>', 'acme-dns: subdomain, as its registration told')
    .option('--webhook-url <url>', 'webhook: where it is called')
    .option('--webhook-secret-file <file>', 'webhook: file with the key that calls are signed with')
    .option('--dnsmasq', "the site's own dnsmasq, for names under its internal domain");
}

/** The kind that the options tell; undefined for none. @throws CliError for options of several kinds */
export function kindOf(options: KindOptions) {
  const given = new Map<string, unknown>(Object.entries(options));
  const kinds = (Object.keys(FIELDS) as Kind[]).filter((kind) => Object.keys(FIELDS[kind]).some((o) => given.has(o)));
  if (kinds.length + (options.dnsmasq ? 1 : 0) > 1) throw new CliError('give the options of one kind only.');
  if (options.dnsmasq) return { case: 'dnsmasq' as const, value: {} };
  const [kind] = kinds;
  if (!kind) return undefined;
  const entries = Object.entries(FIELDS[kind]).filter(([option]) => given.has(option));
  const value = Object.fromEntries(
    entries.map(([option, field]) => [field, textOf(option, String(given.get(option)))]),
  );
  return { case: kind, value };
}

/** The paths of a field mask for the options that are given. */
export function pathsOf(options: KindOptions): string[] {
  const given = new Map<string, unknown>(Object.entries(options));
  return (Object.keys(FIELDS) as Kind[]).flatMap((kind) =>
    Object.entries(FIELDS[kind])
      .filter(([option]) => given.has(option))
      .map(([, field]) => `${snake(kind)}.${snake(field)}`),
  );
}

function textOf(option: string, value: string): string {
  return option.endsWith('File') ? readFileSync(value, 'utf8').trim() : value;
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
