/** Tables of the agents and of what they report; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

export interface AgentsTable {
  id: string;
  site_id: string;
  name: string;
  /** JSON array of role names. */
  roles: string;
  machine_id: string;
  status: 'active' | 'revoked';
  /** Serial of the newest certificate, hex. */
  certificate_serial: string;
  certificate_expires_at: number;
  epoch: Generated<number>;
  session_id: string | null;
  /** Replica that holds the session. */
  replica_id: string | null;
  version: string;
  /** JSON array. */
  capabilities: string;
  connected_at: number | null;
  last_seen_at: number | null;
  desired_generation: Generated<number>;
  /**
   * Revision of the site for which `desired_generation` is what the agent must hold: most changes of a site ask nothing
   * new of some agents. 0 until a session has said so.
   */
  covered_revision: Generated<number>;
  sent_generation: Generated<number>;
  acked_generation: Generated<number>;
  running_generation: Generated<number>;
  /** Generation refused as a whole, or 0, and why. */
  rejected_generation: Generated<number>;
  rejected_message: Generated<string>;
  acked_lease_seq: Generated<number>;
  created_at: number;
  /**
   * Revision of the site in the backup this installation was restored from, until it is known what the agent holds: null
   * for one that follows this installation. See fleet/restored-agent.ts.
   */
  restored_revision: number | null;
  /** Generation it holds that is newer than that backup; null for none. It keeps it until an administrator confirms. */
  ahead_generation: number | null;
}

export interface JoinTokensTable {
  id: string;
  /** SHA-256 of the token, hex. */
  token_hash: string;
  site_id: string;
  roles: string;
  expires_at: number;
  created_by: string;
  created_at: number;
  consumed_at: number | null;
  /** SHA-256 of the key it was consumed with, and what it got, for a retry. */
  key_hash: string | null;
  agent_id: string | null;
  chain_pem: string | null;
}

/** What the owner or an administrator should know; keyed so that a repeated report does not double it. */
export interface ConditionsTable {
  id: string;
  site_id: string;
  agent_id: string | null;
  container_id: string | null;
  kind: string;
  severity: 'info' | 'warning' | 'error';
  subject: string;
  message: string;
  since: number;
}

export interface LeasesTable {
  site_id: string;
  mac: string;
  address: string;
  hostname: string;
  expires_at: number | null;
  seen_at: number;
}

export interface CommandsTable {
  id: string;
  agent_id: string;
  operation_id: string | null;
  /** Of the call it comes from; empty for none. */
  request_id: Generated<string>;
  state: 'queued' | 'sent' | 'done' | 'cancelled';
  /** berth.agent.v1.Command in binary, without epoch. */
  payload: Uint8Array;
  /** berth.agent.v1.CommandResult in binary. */
  result: Uint8Array | null;
  progress_seq: Generated<number>;
  deadline_at: number;
  created_at: number;
  finished_at: number | null;
}
