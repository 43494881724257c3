import type { DnsProvider } from '@berth/proto/api/v1/dns_providers_pb.js';
import { isAllowedUrl } from '../../auth/oidc/allowed-url.ts';
import { parseServer } from '../../dns/server-address.ts';
import { TSIG_ALGORITHMS } from '../../dns/wire/tsig.ts';
import type { Row } from '../../store/schema.ts';
import { lineFault, shapeFault } from '../validate/text.ts';

export type DnsProviderKind = Row<'dns_providers'>['kind'];

/** One field of a kind: what is wrong with a value. */
export type FieldCheck = (value: string) => string | undefined;

/** What a kind of provider is told. */
export interface KindFields {
  /** Its name in the API's messages. */
  case: NonNullable<DnsProvider['kind']['case']>;
  /** What is no secret, by the name in snake case. */
  settings: Readonly<Record<string, FieldCheck>>;
  /** The one secret, if there is any. */
  secret?: { name: string; check: FieldCheck };
}

const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const SHORT = /^[!-~]{1,255}$/;
const SHORT_WORDS = 'must be at most 255 printable characters without spaces';

/** Every kind with its fields. */
export const KINDS: Readonly<Record<DnsProviderKind, KindFields>> = {
  cloudflare: {
    case: 'cloudflare',
    settings: { api_url: (url) => (url === '' ? undefined : urlFault(url)) },
    secret: { name: 'api_token', check: (token) => shapeFault(token, SHORT, SHORT_WORDS) },
  },
  rfc2136: {
    case: 'rfc2136',
    settings: {
      server: (server) => (server === '' ? 'is required' : serverFault(server)),
      zone: (zone) => (zone === '' ? undefined : nameFault(zone)),
      key_name: nameFault,
      algorithm: (name) => (isAlgorithm(name) ? undefined : `must be one of ${TSIG_ALGORITHMS.join(', ')}`),
    },
    secret: { name: 'secret', check: base64Fault },
  },
  acme_dns: {
    case: 'acmeDns',
    settings: {
      api_url: urlFault,
      username: (name) => shapeFault(name, SHORT, SHORT_WORDS),
      subdomain: (name) => shapeFault(name, SHORT, SHORT_WORDS),
    },
    secret: { name: 'password', check: (password) => shapeFault(password, SHORT, SHORT_WORDS) },
  },
  webhook: {
    case: 'webhook',
    settings: { url: urlFault },
    secret: {
      name: 'secret',
      check: (key) => shapeFault(key, /^[ -~]{16,255}$/, 'must be 16–255 printable characters'),
    },
  },
  dnsmasq: { case: 'dnsmasq', settings: {} },
};

/** What is wrong with a server, HOST or HOST:PORT. */
export function serverFault(text: string): string | undefined {
  const wrong = lineFault(text, 260);
  if (wrong !== undefined) return wrong;
  return parseServer(text) ? undefined : 'must be HOST or HOST:PORT, an IPv6 address with a port in brackets';
}

function isAlgorithm(text: string): boolean {
  return TSIG_ALGORITHMS.some((name) => name === text);
}

function nameFault(text: string): string | undefined {
  return shapeFault(text, NAME, 'must be a lower-case DNS name without trailing dot');
}

function base64Fault(text: string): string | undefined {
  const shape = /^(?=.{1,512}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  return shapeFault(text, shape, 'must be base64, as tsig-keygen prints it');
}

function urlFault(text: string): string | undefined {
  if (text === '') return 'is required';
  const description = 'must be an https URL without user and fragment (http only on loopback)';
  if (!/^https?:\/\/[\w.:[\]%~/?=&-]{1,400}$/.test(text) || !URL.canParse(text)) return description;
  return isAllowedUrl(new URL(text)) ? undefined : description;
}
