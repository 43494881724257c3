/** Tables of domains, certificates, names, public DNS and sign-in before apps; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

export interface DomainsTable {
  id: string;
  site_id: string;
  /** External domain. Of those that are proven, no two have the same. */
  name: string;
  /** Unique: the name once it is proven, the identifier until then, so that several may try to prove one name. */
  claim: string;
  created_at: number;
  /** Who brought it; null for the site's own. */
  owner_id: string | null;
  access: Generated<'shared' | 'granted'>;
  /** When its ownership was proven; it serves nothing before. */
  verified_at: number | null;
  /** What the TXT record or the file must say. */
  proof_token: Generated<string>;
  proof_checked_at: number | null;
  proof_error: Generated<string>;
  certificate_source: Generated<'self_signed' | 'acme' | 'uploaded' | 'internal'>;
  certificate_scope: Generated<'wildcard' | 'per_name'>;
  acme_account_id: string | null;
  /** Empty: HTTP-01 for single names, DNS-01 for a wildcard. */
  challenge: Generated<'' | 'http-01' | 'dns-01'>;
  dns_provider_id: string | null;
  publish_dns: Generated<number>;
  /** Seconds; 0: the header is not sent. */
  hsts_max_age: Generated<number>;
  hsts_subdomains: Generated<number>;
  hsts_preload: Generated<number>;
  oauth2_proxy_url: Generated<string>;
  updated_at: Generated<number>;
}

/** People and groups to whom a domain was given; one of the two is set. */
export interface DomainGrantsTable {
  id: string;
  domain_id: string;
  user_id: string | null;
  group_id: string | null;
  created_at: number;
}

/** What is or was served. The newest that is not revoked counts, by domain and name. */
export interface CertificatesTable {
  id: string;
  domain_id: string;
  /** Empty for the whole domain, else the one name it is for. */
  name: Generated<string>;
  /** JSON array. */
  dns_names: string;
  chain_pem: string;
  /** Sealed PEM key. */
  key_box: Uint8Array;
  self_signed: number;
  not_before: number;
  not_after: number;
  created_at: number;
  issuer: Generated<string>;
  /** Hex. */
  serial: Generated<string>;
  revoked_at: number | null;
}

/** What shall always be valid: a domain as a whole, or one name under it; with the state of its order. */
export interface ManagedCertificatesTable {
  id: string;
  site_id: string;
  domain_id: string;
  /** The domain's name for the whole domain, else the one name. */
  name: string;
  /** JSON array. */
  dns_names: string;
  /** Whom it is ordered from: identifier of the ACME account, or "internal"; empty for nobody yet. */
  source: string;
  state: 'pending' | 'ordering' | 'valid' | 'failed' | 'expired';
  next_try_at: number;
  next_try_reason: string;
  /** In a row. */
  failures: number;
  last_error: string;
  last_error_at: number | null;
  /** What an order under way waits for. */
  progress: string;
  /** Page of the authority's on why it suggests to renew (RFC 9773, 4.2). */
  explanation_url: string;
  /** The order under way, so that a restart goes on with it and none is made twice; empty for none. */
  order_url: string;
  /** Sealed PEM key of the order under way. */
  order_key_box: Uint8Array | null;
  order_started_at: number | null;
  /** ARI identifier of what is served (RFC 9773, 4.1); empty when it has none. */
  ari_id: string;
  ari_next_look_at: number;
  /** What is served. */
  certificate_id: string | null;
  /** Replica that works on it, so that there is one order at a time. */
  leased_by: string | null;
  leased_until: number | null;
  created_at: number;
  updated_at: number;
}

/**
 * Challenges that are being answered. A row stands before the record it tells of and until that is gone, so that
 * nothing is left behind by whoever is killed; `answer` is the key authorization or the value of the TXT record. */
export interface AcmeChallengesTable {
  id: string;
  site_id: string;
  managed_id: string;
  kind: 'http-01' | 'dns-01';
  host: string;
  token: string;
  answer: string;
  /** Revision of the site with which the agents have it; 0 for DNS. */
  revision: number;
  dns_provider_id: string | null;
  /** What the provider needs to take the record away, JSON. */
  record: string | null;
  created_at: number;
}

/** Warnings of certificates that end soon; each is given once. */
export interface CertificateWarningsTable {
  id: string;
  certificate_id: string;
  /** Which step: so many days before the end. */
  days: number;
  /** What the webhook is told, JSON. */
  body: string;
  hook_state: 'none' | 'queued' | 'sent' | 'failed';
  hook_attempts: number;
  hook_next_at: number;
  /** What the webhook answered at the last attempt. */
  hook_error: string;
  created_at: number;
}

/** TXT records that a site's dnsmasq serves. */
export interface InternalRecordsTable {
  id: string;
  site_id: string;
  fqdn: string;
  text: string;
  created_at: number;
}

export interface AcmeAccountsTable {
  id: string;
  name: string;
  directory_url: string;
  email: string;
  terms_agreed: number;
  eab_key_id: string;
  /** Sealed. */
  eab_hmac_box: Uint8Array | null;
  /** PEM; empty: the system's trust. */
  ca_pem: string;
  /** Sealed PEM key. */
  key_box: Uint8Array;
  /** Empty until it is registered. */
  account_url: string;
  last_error: string;
  created_at: number;
  updated_at: number;
}

export interface DnsProvidersTable {
  id: string;
  name: string;
  kind: 'cloudflare' | 'rfc2136' | 'acme_dns' | 'webhook' | 'dnsmasq';
  /** JSON of what is no secret. */
  settings: string;
  /** JSON array of HOST or HOST:PORT. */
  check_servers: string;
  /** Sealed. */
  secret_box: Uint8Array | null;
  last_error: string;
  created_at: number;
  updated_at: number;
}

/** Public records that Berth keeps, or would like to. */
export interface DnsRecordsTable {
  id: string;
  site_id: string;
  domain_name: string;
  dns_provider_id: string;
  name: string;
  type: 'A' | 'AAAA' | 'CNAME';
  value: string;
  /** 0: it is to be taken away. */
  wanted: number;
  state: 'pending' | 'present' | 'foreign' | 'failed';
  problem: string;
  failures: number;
  next_try_at: number;
  /** The provider's handle on it, JSON. */
  record: string | null;
  leased_by: string | null;
  leased_until: number | null;
  created_at: number;
  updated_at: number;
}

/** Where HTTP services are found. */
export interface ServiceNamesTable {
  id: string;
  service_id: string;
  site_id: string;
  domain_id: string;
  host: string;
  /** Prefix of the paths, "/" for all; (host, path) is unique. */
  path: string;
  /** 0 for the service's first name. */
  position: number;
}

/** What nginx hosts last saw of a service's backend. */
export interface BackendHealthTable {
  agent_id: string;
  service_id: string;
  healthy: number;
  error: string;
  since: number;
}

/** Apps that a Berth session is signed in to; they end with it. */
export interface AppSessionsTable {
  id: string;
  session_id: string;
  user_id: string;
  host: string;
  created_at: number;
  last_seen_at: number;
}

/** One-time codes on the way from Berth to an app's host. */
export interface AppSignInCodesTable {
  id: string;
  /** SHA-256, hex. */
  code_hash: string;
  session_id: string;
  user_id: string;
  host: string;
  /** SHA-256 of the state that the app's host gave the browser, hex. */
  state_hash: string;
  expires_at: number;
}
