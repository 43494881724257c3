/** Tables of people, of what they did, and of what there is one of; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

export interface UsersTable {
  id: string;
  username: string;
  /** POSIX number, never given twice. */
  uid_number: number;
  display_name: string;
  /** Unique, in lower case. */
  email: string | null;
  email_verified: Generated<number>;
  /** argon2id in PHC form; empty when there is no password of our own. */
  password_hash: string;
  status: 'pending' | 'active' | 'suspended';
  shell: Generated<string>;
  /** Whether logins to containers want the one-time code appended to the password. */
  login_totp: Generated<number>;
  password_changed_at: Generated<number>;
  /** 0: never. */
  last_sign_in_at: Generated<number>;
  created_at: number;
  updated_at: Generated<number>;
}

export interface SessionsTable {
  id: string;
  /** SHA-256 of the token, hex. */
  token_hash: string;
  user_id: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
  user_agent: string;
  /** Where it was opened from. */
  address: Generated<string>;
  /** When its person last proved who he is. */
  authenticated_at: Generated<number>;
  /** Whether a second factor was given. */
  second_factor: Generated<number>;
}

export interface IdempotencyKeysTable {
  user_id: string;
  method: string;
  idempotency_key: string;
  /** SHA-256 of the canonical request, hex. */
  request_hash: string;
  /** Identifiers of what the first call made, JSON. */
  outcome: string;
  created_at: number;
  expires_at: number;
}

export interface AuditTable {
  id: string;
  at: number;
  user_id: string | null;
  /** Login name at that time; empty for Berth itself. */
  user_name: Generated<string>;
  /** e.g. "container.create". */
  action: string;
  site_id: string | null;
  /** The container it is about, if any. */
  container_id: string | null;
  object_kind: string;
  object_id: string;
  /** What people called the object at that time. */
  object_name: Generated<string>;
  /** JSON object by field: a value, or `{ from, to }`; secrets left out. */
  change_json: string;
  request_id: string;
  /** Where from; empty for Berth itself. */
  address: Generated<string>;
  /** By which way. */
  via: Generated<AuditVia>;
  /** API token, or empty. */
  token_id: Generated<string>;
}

/** Ways by which people change things; empty for Berth itself. */
export type AuditVia = '' | 'page' | 'api' | 'ldap';

/** The change feed between replicas where the engine has none of its own (MySQL only). */
export interface NudgesTable {
  id: Generated<number>;
  /** "kind/id", as in feed/topics.ts. */
  topic: string;
  /** The replica it comes from. */
  origin: string;
  /** The database's own clock. */
  at: number;
}

/** The built-in authority and other things there is one of. */
export interface SettingsTable {
  name: string;
  value: string;
  /** Sealed part, if any. */
  secret_box: Uint8Array | null;
  updated_at: number;
}
