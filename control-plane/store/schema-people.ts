/** Tables of people, of what they did, and of what there is one of; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

export interface UsersTable {
  id: string;
  username: string;
  display_name: string;
  email: string | null;
  /** argon2id in PHC form. */
  password_hash: string;
  administrator: number;
  status: 'pending' | 'active' | 'suspended';
  created_at: number;
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
  /** e.g. "container.create". */
  action: string;
  site_id: string | null;
  object_kind: string;
  object_id: string;
  /** JSON: what changed, secrets left out. */
  change_json: string;
  request_id: string;
}

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
