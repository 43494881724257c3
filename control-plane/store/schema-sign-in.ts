/** Tables of signing in; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

export interface ApiTokensTable {
  id: string;
  user_id: string;
  name: string;
  /** What the token begins with, to recognise it by. */
  prefix: string;
  /** SHA-256, hex. */
  token_hash: string;
  scope: 'metrics' | 'read' | 'containers' | 'admin';
  /** Nothing outside this site, if any. */
  site_id: string | null;
  /** Nothing outside this container, if any. */
  container_id: string | null;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  last_used_address: string;
}

export interface TotpFactorsTable {
  user_id: string;
  /** Sealed. */
  secret_box: Uint8Array;
  /** When the first code was right; before that it does not count. */
  confirmed_at: number | null;
  /** Time step of the last code taken, so that none works twice. */
  last_step: number | null;
  created_at: number;
}

export interface PasskeysTable {
  id: string;
  user_id: string;
  name: string;
  /** base64url. */
  credential_id: string;
  /** COSE. */
  public_key: Uint8Array;
  sign_count: Generated<number>;
  /** JSON array. */
  transports: string;
  created_at: number;
  last_used_at: number | null;
}

export interface RecoveryCodesTable {
  id: string;
  user_id: string;
  /** SHA-256, hex. */
  code_hash: string;
  used_at: number | null;
}

/** A sign-in or a registration of a factor between two requests. */
export interface PendingSignInsTable {
  id: string;
  /** SHA-256, hex. */
  token_hash: string;
  kind: string;
  user_id: string | null;
  /** Sealed JSON: challenge, nonce, verifier. */
  data_box: Uint8Array;
  attempts: Generated<number>;
  created_at: number;
  expires_at: number;
}

/** A link sent by mail. */
export interface MailLinksTable {
  id: string;
  kind: 'invitation' | 'password-reset' | 'email-verification';
  /** SHA-256, hex. */
  token_hash: string;
  user_id: string | null;
  email: string;
  /** JSON. */
  data: string;
  created_by: string | null;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

export interface OutgoingMailsTable {
  id: string;
  recipient: string;
  subject: string;
  /** Sealed: it may hold a link that lets somebody in. */
  body_box: Uint8Array;
  state: 'queued' | 'sending' | 'sent' | 'failed';
  attempts: Generated<number>;
  /** While it is being sent: when that counts as dead. */
  next_attempt_at: number;
  last_error: string;
  created_at: number;
  sent_at: number | null;
}

export interface OidcProvidersTable {
  id: string;
  /** Part of the address that browsers are sent back to. */
  name: string;
  /** For its button. */
  display_name: Generated<string>;
  issuer: string;
  client_id: string;
  /** Sealed. */
  client_secret_box: Uint8Array;
  /** Separated by spaces. */
  scopes: string;
  /** Claim that lists groups; empty for none. */
  groups_claim: string;
  /** JSON object: value of the claim → identifier of a group. */
  group_mapping: string;
  /** Whether somebody unknown gets an account, and of which status. */
  create_users: number;
  new_user_status: Generated<'pending' | 'active'>;
  /** Whether the mapping may name groups that administer Berth. */
  may_administer: Generated<number>;
  /** Whether ours is not asked for, as the provider asks for one itself. */
  trusted_second_factor: Generated<number>;
  enabled: number;
  created_at: number;
  updated_at: number;
}

export interface OidcIdentitiesTable {
  id: string;
  user_id: string;
  provider_id: string;
  issuer: string;
  subject: string;
  created_at: number;
  last_used_at: number | null;
}
