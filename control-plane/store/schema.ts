/**
 * The tables, as Kysely sees them on every dialect. Times are milliseconds since the epoch, booleans are 0 or 1,
 * structured values are JSON text, secrets are boxes sealed by `secrets.ts`: nothing here depends on what one
 * engine can do and another cannot.
 */
import type { Generated, Insertable, Selectable } from 'kysely';

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

export interface SitesTable {
  id: string;
  name: string;
  internal_domain: string;
  network: string;
  range_start: string;
  range_end: string;
  gateway: string;
  /** JSON array of addresses. */
  dns_servers: string;
  /** JSON array of addresses. */
  forwarders: string;
  external_address: string;
  port_range_start: number;
  port_range_end: number;
  /** Bumped by every transaction that changes what the site must look like. */
  revision: Generated<number>;
  created_at: number;
  updated_at: number;
}

/** What each revision touched: a container, or (with null) the site as a whole. */
export interface SiteChangesTable {
  site_id: string;
  revision: number;
  container_id: string | null;
  at: number;
}

export interface DomainsTable {
  id: string;
  site_id: string;
  /** External domain, unique over all sites. */
  name: string;
  created_at: number;
}

export interface CertificatesTable {
  id: string;
  domain_id: string;
  /** JSON array. */
  dns_names: string;
  chain_pem: string;
  /** Sealed PEM key. */
  key_box: Uint8Array;
  self_signed: number;
  not_before: number;
  not_after: number;
  created_at: number;
}

export interface NodesTable {
  id: string;
  site_id: string;
  name: string;
  /** VMIDs are unique within it. */
  cluster: string;
  api_url: string;
  token_id: string;
  /** Sealed. */
  token_secret_box: Uint8Array;
  ca_pem: string;
  fingerprint: string;
  image_storage: string;
  volume_storage: string;
  bridge: string;
  agent_id: string | null;
  schedulable: number;
  created_at: number;
  updated_at: number;
}

/** VMIDs found taken by guests that are not ours. */
export interface ForeignVmidsTable {
  cluster: string;
  vmid: number;
  seen_at: number;
}

/** Addresses of containers that are gone, resting before somebody else gets them. */
export interface FreedAddressesTable {
  site_id: string;
  address: string;
  freed_at: number;
}

export interface ContainersTable {
  id: string;
  site_id: string;
  node_id: string;
  owner_id: string;
  hostname: string;
  template: string;
  cores: number;
  memory_mib: number;
  disk_gib: number;
  description: string;
  /** The node's cluster, copied so that (cluster, vmid) can be unique. */
  cluster: string;
  vmid: number;
  mac: string;
  address: string;
  /** What Berth is doing with it; what the guest really does is in guest_states. */
  phase: 'creating' | 'ready' | 'deleting';
  /** Power its owner wants. */
  power: 'running' | 'stopped';
  active_operation_id: string | null;
  created_at: number;
  updated_at: number;
}

/** What the proxmox agent last saw. */
export interface GuestStatesTable {
  container_id: string;
  exists_on_node: number;
  power: 'running' | 'stopped';
  lock_name: string;
  uptime_seconds: number;
  memory_bytes: number;
  /** Thousandths of its cores. */
  cpu_permille: number;
  /** JSON array. */
  addresses: string;
  seen_at: number;
}

export interface ServicesTable {
  id: string;
  container_id: string;
  site_id: string;
  kind: 'http' | 'tcp' | 'udp';
  internal_port: number;
  /** For http, unique over all sites. */
  host: string | null;
  domain_id: string | null;
  backend_tls: number;
  /** For tcp and udp, unique per site and kind. */
  external_port: number | null;
  created_at: number;
}

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
  sent_generation: Generated<number>;
  acked_generation: Generated<number>;
  running_generation: Generated<number>;
  /** Generation refused as a whole, or 0, and why. */
  rejected_generation: Generated<number>;
  rejected_message: Generated<string>;
  acked_lease_seq: Generated<number>;
  created_at: number;
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

export interface OperationsTable {
  id: string;
  kind: string;
  site_id: string;
  container_id: string;
  /** Copied, because the container's row may be gone when it ends. */
  hostname: string;
  user_id: string;
  request_id: string;
  state: 'pending' | 'running' | 'succeeded' | 'compensating' | 'failed';
  /** JSON: what the first step chose and later steps found. */
  data: string;
  error: string;
  error_reason: string;
  /** Replica that runs it, until when. */
  lease_owner: string | null;
  lease_until: number;
  /** Raised at every claim; writes of a former owner fail. */
  lease_epoch: Generated<number>;
  log_seq: Generated<number>;
  created_at: number;
  finished_at: number | null;
}

export interface OperationStepsTable {
  operation_id: string;
  position: number;
  name: string;
  title: string;
  state: 'pending' | 'running' | 'done' | 'failed' | 'undoing' | 'undone';
  attempts: Generated<number>;
  started_at: number | null;
  finished_at: number | null;
  error: string;
}

export interface OperationLogsTable {
  operation_id: string;
  seq: number;
  at: number;
  step: string;
  text: string;
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

export interface Database {
  users: UsersTable;
  sessions: SessionsTable;
  sites: SitesTable;
  site_changes: SiteChangesTable;
  domains: DomainsTable;
  certificates: CertificatesTable;
  nodes: NodesTable;
  foreign_vmids: ForeignVmidsTable;
  freed_addresses: FreedAddressesTable;
  containers: ContainersTable;
  guest_states: GuestStatesTable;
  services: ServicesTable;
  agents: AgentsTable;
  join_tokens: JoinTokensTable;
  conditions: ConditionsTable;
  leases: LeasesTable;
  commands: CommandsTable;
  operations: OperationsTable;
  operation_steps: OperationStepsTable;
  operation_logs: OperationLogsTable;
  idempotency_keys: IdempotencyKeysTable;
  audit: AuditTable;
  nudges: NudgesTable;
  settings: SettingsTable;
}

/** A row as read. */
export type Row<T extends keyof Database> = Selectable<Database[T]>;
/** A row as written. */
export type NewRow<T extends keyof Database> = Insertable<Database[T]>;
