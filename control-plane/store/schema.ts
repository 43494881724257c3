/**
 * The tables, as Kysely sees them on every dialect. Times are milliseconds since the epoch, booleans are 0 or 1,
 * structured values are JSON text, secrets are boxes sealed by `secrets.ts`: nothing here depends on what one
 * engine can do and another cannot.
 */
import type { Generated, Insertable, Selectable } from 'kysely';
import type {
  AccessRequestsTable,
  ContainerBindsTable,
  ContainerMembersTable,
  CountersTable,
  DirectoryChangesTable,
  GroupMembersTable,
  GroupsTable,
  GuestSetupTokensTable,
  RateLimitsTable,
  SiteAdministratorsTable,
  SshKeysTable,
} from './schema-directory.ts';
import type { AgentsTable, CommandsTable, ConditionsTable, JoinTokensTable, LeasesTable } from './schema-fleet.ts';
import type {
  AcmeAccountsTable,
  AcmeChallengesTable,
  AppSessionsTable,
  AppSignInCodesTable,
  BackendHealthTable,
  CertificatesTable,
  CertificateWarningsTable,
  DnsProvidersTable,
  DnsRecordsTable,
  DomainGrantsTable,
  DomainsTable,
  InternalRecordsTable,
  ManagedCertificatesTable,
  ServiceNamesTable,
} from './schema-ingress.ts';
import type { OperationLogsTable, OperationStepsTable, OperationsTable } from './schema-operations.ts';
import type {
  AuditTable,
  IdempotencyKeysTable,
  NudgesTable,
  SessionsTable,
  SettingsTable,
  UsersTable,
} from './schema-people.ts';
import type {
  ApiTokensTable,
  MailLinksTable,
  OidcIdentitiesTable,
  OidcProvidersTable,
  OutgoingMailsTable,
  PasskeysTable,
  PendingSignInsTable,
  RecoveryCodesTable,
  TotpFactorsTable,
} from './schema-sign-in.ts';

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
  /** JSON array of networks. */
  trusted_proxies: Generated<string>;
  proxy_protocol: Generated<number>;
  custom_domains: Generated<number>;
}

/** What each revision touched: a container, or (with null) the site as a whole. */
export interface SiteChangesTable {
  site_id: string;
  revision: number;
  container_id: string | null;
  at: number;
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
  backend_tls: number;
  /** For tcp and udp, unique per site and kind together with the name it is asked for by. */
  external_port: number | null;
  created_at: number;
  /** How a TCP service uses TLS; empty: not at all. */
  tls: Generated<'' | 'terminate' | 'pass_through'>;
  /** With TLS, the name by which a TCP service is asked for (SNI). */
  sni_host: Generated<string>;
  /** The domain that `sni_host` is under; the names of http are in service_names. */
  domain_id: string | null;
  /** JSON of what else is wanted, see store/service-options.ts; null: the defaults. */
  options: string | null;
}

export interface Database {
  users: UsersTable;
  sessions: SessionsTable;
  sites: SitesTable;
  site_changes: SiteChangesTable;
  domains: DomainsTable;
  domain_grants: DomainGrantsTable;
  certificates: CertificatesTable;
  certificate_warnings: CertificateWarningsTable;
  managed_certificates: ManagedCertificatesTable;
  acme_accounts: AcmeAccountsTable;
  acme_challenges: AcmeChallengesTable;
  internal_records: InternalRecordsTable;
  dns_providers: DnsProvidersTable;
  dns_records: DnsRecordsTable;
  nodes: NodesTable;
  foreign_vmids: ForeignVmidsTable;
  freed_addresses: FreedAddressesTable;
  containers: ContainersTable;
  guest_states: GuestStatesTable;
  services: ServicesTable;
  service_names: ServiceNamesTable;
  backend_health: BackendHealthTable;
  app_sessions: AppSessionsTable;
  app_sign_in_codes: AppSignInCodesTable;
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
  counters: CountersTable;
  directory_changes: DirectoryChangesTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
  ssh_keys: SshKeysTable;
  container_members: ContainerMembersTable;
  site_administrators: SiteAdministratorsTable;
  access_requests: AccessRequestsTable;
  container_binds: ContainerBindsTable;
  guest_setup_tokens: GuestSetupTokensTable;
  rate_limits: RateLimitsTable;
  api_tokens: ApiTokensTable;
  totp_factors: TotpFactorsTable;
  passkeys: PasskeysTable;
  recovery_codes: RecoveryCodesTable;
  pending_sign_ins: PendingSignInsTable;
  mail_links: MailLinksTable;
  outgoing_mails: OutgoingMailsTable;
  oidc_providers: OidcProvidersTable;
  oidc_identities: OidcIdentitiesTable;
}

/** A row as read. */
export type Row<T extends keyof Database> = Selectable<Database[T]>;
/** A row as written. */
export type NewRow<T extends keyof Database> = Insertable<Database[T]>;
