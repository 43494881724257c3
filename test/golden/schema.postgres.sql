create table access_requests (
  id character varying(40) not null,
  user_id character varying(40) not null,
  site_id character varying(40) not null,
  hostname character varying(63) not null,
  role character varying(16) not null,
  message text not null,
  state character varying(16) not null,
  answer text not null,
  created_at bigint not null,
  container_id character varying(40),
  decided_by character varying(40),
  decided_at bigint,
  constraint access_requests_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE SET NULL,
  constraint access_requests_pkey PRIMARY KEY (id),
  constraint access_requests_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE,
  constraint access_requests_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX access_requests_by_container_id ON public.access_requests USING btree (container_id);

CREATE INDEX access_requests_by_created_at ON public.access_requests USING btree (created_at);

CREATE INDEX access_requests_by_user_id ON public.access_requests USING btree (user_id);

create table acme_accounts (
  id character varying(40) not null,
  name character varying(63) not null,
  directory_url character varying(500) not null,
  email character varying(254) not null,
  terms_agreed smallint not null,
  eab_key_id character varying(255) not null,
  ca_pem text not null,
  key_box bytea not null,
  account_url character varying(500) not null,
  last_error text not null,
  created_at bigint not null,
  updated_at bigint not null,
  eab_hmac_box bytea,
  constraint acme_accounts_name UNIQUE (name),
  constraint acme_accounts_pkey PRIMARY KEY (id)
);

create table acme_challenges (
  id character varying(40) not null,
  site_id character varying(40) not null,
  managed_id character varying(40) not null,
  kind character varying(16) not null,
  host character varying(253) not null,
  token character varying(255) not null,
  answer character varying(600) not null,
  revision bigint not null,
  created_at bigint not null,
  dns_provider_id character varying(40),
  record text,
  constraint acme_challenges_pkey PRIMARY KEY (id),
  constraint acme_challenges_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

create table agents (
  id character varying(40) not null,
  site_id character varying(40) not null,
  name character varying(253) not null,
  roles character varying(255) not null,
  machine_id character varying(64) not null,
  status character varying(16) not null,
  certificate_serial character varying(64) not null,
  certificate_expires_at bigint not null,
  version character varying(64) not null,
  capabilities text not null,
  created_at bigint not null,
  rejected_message text not null default ''::text,
  session_id character varying(40),
  replica_id character varying(40),
  connected_at bigint,
  last_seen_at bigint,
  epoch bigint not null default 0,
  desired_generation bigint not null default 0,
  sent_generation bigint not null default 0,
  acked_generation bigint not null default 0,
  running_generation bigint not null default 0,
  rejected_generation bigint not null default 0,
  acked_lease_seq bigint not null default 0,
  covered_revision bigint not null default 0,
  restored_revision bigint,
  ahead_generation bigint,
  constraint agents_pkey PRIMARY KEY (id),
  constraint agents_site FOREIGN KEY (site_id) REFERENCES sites(id)
);

CREATE INDEX agents_by_site_id ON public.agents USING btree (site_id);

create table api_tokens (
  id character varying(40) not null,
  user_id character varying(40) not null,
  name character varying(100) not null,
  prefix character varying(16) not null,
  token_hash character(64) not null,
  scope character varying(16) not null,
  last_used_address character varying(64) not null,
  created_at bigint not null,
  site_id character varying(40),
  container_id character varying(40),
  expires_at bigint,
  last_used_at bigint,
  constraint api_tokens_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint api_tokens_hash UNIQUE (token_hash),
  constraint api_tokens_pkey PRIMARY KEY (id),
  constraint api_tokens_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE,
  constraint api_tokens_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX api_tokens_by_user_id ON public.api_tokens USING btree (user_id);

create table app_sessions (
  id character varying(40) not null,
  session_id character varying(40) not null,
  user_id character varying(40) not null,
  host character varying(253) not null,
  created_at bigint not null,
  last_seen_at bigint not null,
  constraint app_sessions_pkey PRIMARY KEY (id),
  constraint app_sessions_session FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint app_sessions_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX app_sessions_by_session_id ON public.app_sessions USING btree (session_id);

create table app_sign_in_codes (
  id character varying(40) not null,
  code_hash character varying(64) not null,
  session_id character varying(40) not null,
  user_id character varying(40) not null,
  host character varying(253) not null,
  state_hash character varying(64) not null,
  expires_at bigint not null,
  constraint app_sign_in_codes_pkey PRIMARY KEY (id),
  constraint app_sign_in_codes_session FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX app_sign_in_codes_hash ON public.app_sign_in_codes USING btree (code_hash);

create table audit (
  id character varying(40) not null,
  at bigint not null,
  action character varying(64) not null,
  object_kind character varying(32) not null,
  object_id character varying(40) not null,
  change_json text not null,
  request_id character varying(64) not null,
  user_id character varying(40),
  site_id character varying(40),
  address character varying(64) not null default ''::character varying,
  via character varying(16) not null default ''::character varying,
  token_id character varying(40) not null default ''::character varying,
  user_name character varying(64) not null default ''::character varying,
  object_name character varying(320) not null default ''::character varying,
  container_id character varying(40),
  constraint audit_pkey PRIMARY KEY (id)
);

CREATE INDEX audit_by_container_id_id ON public.audit USING btree (container_id, id);

CREATE INDEX audit_by_object_id_id ON public.audit USING btree (object_id, id);

CREATE INDEX audit_by_site_id_id ON public.audit USING btree (site_id, id);

CREATE INDEX audit_by_user_id_id ON public.audit USING btree (user_id, id);

CREATE OR REPLACE FUNCTION public.audit_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$begin
  raise exception 'rows of audit are never changed or deleted';
end$function$

CREATE TRIGGER audit_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();

create table backend_health (
  agent_id character varying(40) not null,
  service_id character varying(40) not null,
  healthy smallint not null,
  error text not null,
  since bigint not null,
  constraint backend_health_agent FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE,
  constraint backend_health_pk PRIMARY KEY (service_id, agent_id),
  constraint backend_health_service FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE
);

create table certificate_warnings (
  id character varying(40) not null,
  certificate_id character varying(40) not null,
  days integer not null,
  body text not null,
  hook_state character varying(16) not null,
  hook_attempts integer not null,
  hook_next_at bigint not null,
  hook_error text not null,
  created_at bigint not null,
  constraint certificate_warnings_certificate FOREIGN KEY (certificate_id) REFERENCES certificates(id) ON DELETE CASCADE,
  constraint certificate_warnings_pkey PRIMARY KEY (id),
  constraint certificate_warnings_step UNIQUE (certificate_id, days)
);

create table certificates (
  id character varying(40) not null,
  domain_id character varying(40) not null,
  dns_names text not null,
  chain_pem text not null,
  key_box bytea not null,
  self_signed smallint not null,
  not_before bigint not null,
  not_after bigint not null,
  created_at bigint not null,
  name character varying(253) not null default ''::character varying,
  issuer character varying(255) not null default ''::character varying,
  serial character varying(64) not null default ''::character varying,
  revoked_at bigint,
  constraint certificates_domain FOREIGN KEY (domain_id) REFERENCES domains(id) ON DELETE CASCADE,
  constraint certificates_pkey PRIMARY KEY (id)
);

CREATE INDEX certificates_by_domain_id ON public.certificates USING btree (domain_id);

CREATE INDEX certificates_by_domain_id_name ON public.certificates USING btree (domain_id, name);

create table commands (
  id character varying(40) not null,
  agent_id character varying(40) not null,
  state character varying(16) not null,
  payload bytea not null,
  deadline_at bigint not null,
  created_at bigint not null,
  operation_id character varying(40),
  result bytea,
  finished_at bigint,
  progress_seq bigint not null default 0,
  request_id character varying(64) not null default ''::character varying,
  constraint commands_agent FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE,
  constraint commands_pkey PRIMARY KEY (id)
);

CREATE INDEX commands_by_agent_id_state ON public.commands USING btree (agent_id, state);

CREATE INDEX commands_by_operation_id ON public.commands USING btree (operation_id);

create table conditions (
  id character varying(40) not null,
  site_id character varying(40) not null,
  kind character varying(64) not null,
  severity character varying(8) not null,
  subject character varying(255) not null,
  message text not null,
  since bigint not null,
  agent_id character varying(40),
  container_id character varying(40),
  constraint conditions_pkey PRIMARY KEY (id),
  constraint conditions_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

CREATE INDEX conditions_by_agent_id ON public.conditions USING btree (agent_id);

CREATE INDEX conditions_by_container_id ON public.conditions USING btree (container_id);

create table container_binds (
  container_id character varying(40) not null,
  secret_hash character(64) not null,
  rotated_at bigint not null,
  former_hash character(64),
  former_until bigint,
  last_used_at bigint,
  constraint container_binds_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint container_binds_pk PRIMARY KEY (container_id)
);

create table container_members (
  id character varying(40) not null,
  container_id character varying(40) not null,
  role character varying(16) not null,
  created_at bigint not null,
  user_id character varying(40),
  group_id character varying(40),
  granted_by character varying(40),
  constraint container_members_group UNIQUE (container_id, group_id),
  constraint container_members_group_id FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
  constraint container_members_of FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint container_members_pkey PRIMARY KEY (id),
  constraint container_members_user UNIQUE (container_id, user_id),
  constraint container_members_user_id FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX container_members_by_group_id ON public.container_members USING btree (group_id);

CREATE INDEX container_members_by_user_id ON public.container_members USING btree (user_id);

create table containers (
  id character varying(40) not null,
  site_id character varying(40) not null,
  node_id character varying(40) not null,
  owner_id character varying(40) not null,
  hostname character varying(63) not null,
  template character varying(255) not null,
  cores integer not null,
  memory_mib integer not null,
  disk_gib integer not null,
  description text not null,
  cluster character varying(63) not null,
  vmid integer not null,
  mac character varying(17) not null,
  address character varying(45) not null,
  phase character varying(16) not null,
  power character varying(16) not null,
  created_at bigint not null,
  updated_at bigint not null,
  active_operation_id character varying(40),
  constraint containers_address UNIQUE (site_id, address),
  constraint containers_hostname UNIQUE (site_id, hostname),
  constraint containers_mac UNIQUE (mac),
  constraint containers_node FOREIGN KEY (node_id) REFERENCES nodes(id),
  constraint containers_owner FOREIGN KEY (owner_id) REFERENCES users(id),
  constraint containers_pkey PRIMARY KEY (id),
  constraint containers_site FOREIGN KEY (site_id) REFERENCES sites(id),
  constraint containers_vmid UNIQUE (cluster, vmid)
);

CREATE INDEX containers_by_created_at ON public.containers USING btree (created_at);

CREATE INDEX containers_by_node_id ON public.containers USING btree (node_id);

CREATE INDEX containers_by_owner_id ON public.containers USING btree (owner_id);

create table counters (
  name character varying(64) not null,
  value bigint not null,
  constraint counters_pk PRIMARY KEY (name)
);

create table directory_changes (
  revision bigint not null,
  kind character varying(16) not null,
  object_id character varying(40) not null,
  at bigint not null,
  constraint directory_changes_pk PRIMARY KEY (revision)
);

create table dns_providers (
  id character varying(40) not null,
  name character varying(63) not null,
  kind character varying(16) not null,
  settings text not null,
  check_servers text not null,
  last_error text not null,
  created_at bigint not null,
  updated_at bigint not null,
  secret_box bytea,
  constraint dns_providers_name UNIQUE (name),
  constraint dns_providers_pkey PRIMARY KEY (id)
);

create table dns_records (
  id character varying(40) not null,
  site_id character varying(40) not null,
  domain_name character varying(253) not null,
  dns_provider_id character varying(40) not null,
  name character varying(253) not null,
  type character varying(8) not null,
  value character varying(253) not null,
  wanted smallint not null,
  state character varying(16) not null,
  problem text not null,
  failures integer not null,
  next_try_at bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  record text,
  leased_by character varying(80),
  leased_until bigint,
  constraint dns_records_name UNIQUE (name, type),
  constraint dns_records_pkey PRIMARY KEY (id),
  constraint dns_records_provider FOREIGN KEY (dns_provider_id) REFERENCES dns_providers(id)
);

CREATE INDEX dns_records_by_next_try_at ON public.dns_records USING btree (next_try_at);

create table domain_grants (
  id character varying(40) not null,
  domain_id character varying(40) not null,
  created_at bigint not null,
  user_id character varying(40),
  group_id character varying(40),
  constraint domain_grants_domain FOREIGN KEY (domain_id) REFERENCES domains(id) ON DELETE CASCADE,
  constraint domain_grants_group UNIQUE (domain_id, group_id),
  constraint domain_grants_group_id FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
  constraint domain_grants_pkey PRIMARY KEY (id),
  constraint domain_grants_user UNIQUE (domain_id, user_id),
  constraint domain_grants_user_id FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table domains (
  id character varying(40) not null,
  site_id character varying(40) not null,
  claim character varying(253) not null,
  created_at bigint not null,
  name character varying(253) not null default ''::character varying,
  owner_id character varying(40),
  access character varying(16) not null default 'shared'::character varying,
  verified_at bigint,
  proof_token character varying(64) not null default ''::character varying,
  proof_checked_at bigint,
  proof_error character varying(500) not null default ''::character varying,
  certificate_source character varying(16) not null default 'self_signed'::character varying,
  certificate_scope character varying(16) not null default 'wildcard'::character varying,
  acme_account_id character varying(40),
  challenge character varying(16) not null default ''::character varying,
  dns_provider_id character varying(40),
  publish_dns smallint not null default 0,
  hsts_max_age integer not null default 31536000,
  hsts_subdomains smallint not null default 0,
  hsts_preload smallint not null default 0,
  oauth2_proxy_url character varying(255) not null default ''::character varying,
  updated_at bigint not null default 0,
  constraint domains_name UNIQUE (claim),
  constraint domains_pkey PRIMARY KEY (id),
  constraint domains_site FOREIGN KEY (site_id) REFERENCES sites(id)
);

CREATE INDEX domains_by_name ON public.domains USING btree (name);

create table foreign_vmids (
  cluster character varying(63) not null,
  vmid integer not null,
  seen_at bigint not null,
  constraint foreign_vmids_pk PRIMARY KEY (cluster, vmid)
);

create table freed_addresses (
  site_id character varying(40) not null,
  address character varying(45) not null,
  freed_at bigint not null,
  constraint freed_addresses_pk PRIMARY KEY (site_id, address),
  constraint freed_addresses_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

create table group_members (
  id character varying(40) not null,
  group_id character varying(40) not null,
  created_at bigint not null,
  user_id character varying(40),
  member_group_id character varying(40),
  constraint group_members_group UNIQUE (group_id, member_group_id),
  constraint group_members_group_id FOREIGN KEY (member_group_id) REFERENCES groups(id) ON DELETE CASCADE,
  constraint group_members_of FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
  constraint group_members_pkey PRIMARY KEY (id),
  constraint group_members_user UNIQUE (group_id, user_id),
  constraint group_members_user_id FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX group_members_by_member_group_id ON public.group_members USING btree (member_group_id);

CREATE INDEX group_members_by_user_id ON public.group_members USING btree (user_id);

create table groups (
  id character varying(40) not null,
  name character varying(32) not null,
  gid_number integer not null,
  description text not null,
  administrator smallint not null,
  built_in smallint not null,
  created_at bigint not null,
  updated_at bigint not null,
  constraint groups_gid_number UNIQUE (gid_number),
  constraint groups_name UNIQUE (name),
  constraint groups_pkey PRIMARY KEY (id)
);

create table guest_setup_tokens (
  token_hash character(64) not null,
  container_id character varying(40) not null,
  created_by character varying(40) not null,
  created_at bigint not null,
  expires_at bigint not null,
  constraint guest_setup_tokens_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint guest_setup_tokens_pk PRIMARY KEY (token_hash)
);

create table guest_states (
  container_id character varying(40) not null,
  exists_on_node smallint not null,
  power character varying(16) not null,
  lock_name character varying(32) not null,
  uptime_seconds bigint not null,
  memory_bytes bigint not null,
  cpu_permille integer not null,
  addresses text not null,
  seen_at bigint not null,
  constraint guest_states_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint guest_states_pkey PRIMARY KEY (container_id)
);

create table idempotency_keys (
  user_id character varying(40) not null,
  method character varying(64) not null,
  idempotency_key character varying(128) not null,
  request_hash character(64) not null,
  outcome text not null,
  created_at bigint not null,
  expires_at bigint not null,
  constraint idempotency_keys_pk PRIMARY KEY (user_id, method, idempotency_key)
);

create table internal_records (
  id character varying(40) not null,
  site_id character varying(40) not null,
  fqdn character varying(253) not null,
  text character varying(255) not null,
  created_at bigint not null,
  constraint internal_records_content UNIQUE (site_id, fqdn, text),
  constraint internal_records_pkey PRIMARY KEY (id),
  constraint internal_records_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

create table join_tokens (
  id character varying(40) not null,
  token_hash character(64) not null,
  site_id character varying(40) not null,
  roles character varying(255) not null,
  expires_at bigint not null,
  created_by character varying(40) not null,
  created_at bigint not null,
  consumed_at bigint,
  key_hash character(64),
  agent_id character varying(40),
  chain_pem text,
  constraint join_tokens_hash UNIQUE (token_hash),
  constraint join_tokens_pkey PRIMARY KEY (id),
  constraint join_tokens_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

create table leases (
  site_id character varying(40) not null,
  mac character varying(17) not null,
  address character varying(45) not null,
  hostname character varying(255) not null,
  seen_at bigint not null,
  expires_at bigint,
  constraint leases_pk PRIMARY KEY (site_id, mac),
  constraint leases_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

CREATE INDEX leases_by_site_id_address ON public.leases USING btree (site_id, address);

create table mail_links (
  id character varying(40) not null,
  kind character varying(32) not null,
  token_hash character(64) not null,
  email character varying(255) not null,
  data text not null,
  created_at bigint not null,
  expires_at bigint not null,
  user_id character varying(40),
  created_by character varying(40),
  used_at bigint,
  constraint mail_links_pkey PRIMARY KEY (id),
  constraint mail_links_token UNIQUE (token_hash),
  constraint mail_links_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX mail_links_by_email ON public.mail_links USING btree (email);

create table managed_certificates (
  id character varying(40) not null,
  site_id character varying(40) not null,
  domain_id character varying(40) not null,
  name character varying(253) not null,
  dns_names text not null,
  source character varying(64) not null,
  state character varying(16) not null,
  next_try_at bigint not null,
  next_try_reason character varying(255) not null,
  failures integer not null,
  last_error text not null,
  progress character varying(500) not null,
  explanation_url character varying(500) not null,
  order_url character varying(500) not null,
  ari_id character varying(255) not null,
  ari_next_look_at bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  certificate_id character varying(40),
  last_error_at bigint,
  order_key_box bytea,
  order_started_at bigint,
  leased_by character varying(80),
  leased_until bigint,
  constraint managed_certificates_domain FOREIGN KEY (domain_id) REFERENCES domains(id) ON DELETE CASCADE,
  constraint managed_certificates_name UNIQUE (domain_id, name),
  constraint managed_certificates_pkey PRIMARY KEY (id)
);

CREATE INDEX managed_certificates_by_next_try_at ON public.managed_certificates USING btree (next_try_at);

create table nodes (
  id character varying(40) not null,
  site_id character varying(40) not null,
  name character varying(63) not null,
  cluster character varying(63) not null,
  api_url character varying(255) not null,
  token_id character varying(255) not null,
  token_secret_box bytea not null,
  ca_pem text not null,
  fingerprint character varying(95) not null,
  image_storage character varying(100) not null,
  volume_storage character varying(100) not null,
  bridge character varying(15) not null,
  schedulable smallint not null,
  created_at bigint not null,
  updated_at bigint not null,
  agent_id character varying(40),
  constraint nodes_name UNIQUE (site_id, name),
  constraint nodes_pkey PRIMARY KEY (id),
  constraint nodes_site FOREIGN KEY (site_id) REFERENCES sites(id)
);

create table oidc_identities (
  id character varying(40) not null,
  user_id character varying(40) not null,
  provider_id character varying(40) not null,
  issuer character varying(255) not null,
  subject character varying(255) not null,
  created_at bigint not null,
  last_used_at bigint,
  constraint oidc_identities_pkey PRIMARY KEY (id),
  constraint oidc_identities_provider FOREIGN KEY (provider_id) REFERENCES oidc_providers(id) ON DELETE CASCADE,
  constraint oidc_identities_subject UNIQUE (issuer, subject),
  constraint oidc_identities_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX oidc_identities_by_user_id ON public.oidc_identities USING btree (user_id);

create table oidc_providers (
  id character varying(40) not null,
  name character varying(63) not null,
  issuer character varying(255) not null,
  client_id character varying(255) not null,
  client_secret_box bytea not null,
  scopes character varying(255) not null,
  groups_claim character varying(255) not null,
  group_mapping text not null,
  create_users smallint not null,
  enabled smallint not null,
  created_at bigint not null,
  updated_at bigint not null,
  display_name character varying(100) not null default ''::character varying,
  new_user_status character varying(16) not null default 'pending'::character varying,
  may_administer smallint not null default 0,
  trusted_second_factor smallint not null default 0,
  constraint oidc_providers_name UNIQUE (name),
  constraint oidc_providers_pkey PRIMARY KEY (id)
);

create table operation_logs (
  operation_id character varying(40) not null,
  seq bigint not null,
  at bigint not null,
  step character varying(64) not null,
  text text not null,
  constraint operation_logs_operation FOREIGN KEY (operation_id) REFERENCES operations(id) ON DELETE CASCADE,
  constraint operation_logs_pk PRIMARY KEY (operation_id, seq)
);

create table operation_steps (
  operation_id character varying(40) not null,
  position integer not null,
  name character varying(64) not null,
  title character varying(255) not null,
  state character varying(16) not null,
  error text not null,
  started_at bigint,
  finished_at bigint,
  attempts bigint not null default 0,
  constraint operation_steps_operation FOREIGN KEY (operation_id) REFERENCES operations(id) ON DELETE CASCADE,
  constraint operation_steps_pk PRIMARY KEY (operation_id, "position")
);

create table operations (
  id character varying(40) not null,
  kind character varying(64) not null,
  site_id character varying(40) not null,
  container_id character varying(40) not null,
  hostname character varying(63) not null,
  user_id character varying(40) not null,
  request_id character varying(64) not null,
  state character varying(16) not null,
  data text not null,
  error text not null,
  error_reason character varying(64) not null,
  lease_until bigint not null,
  created_at bigint not null,
  lease_owner character varying(40),
  finished_at bigint,
  lease_epoch bigint not null default 0,
  log_seq bigint not null default 0,
  constraint operations_pkey PRIMARY KEY (id)
);

CREATE INDEX operations_by_container_id ON public.operations USING btree (container_id);

CREATE INDEX operations_by_state_lease_until ON public.operations USING btree (state, lease_until);

create table outgoing_mails (
  id character varying(40) not null,
  recipient character varying(255) not null,
  subject character varying(255) not null,
  body_box bytea not null,
  state character varying(16) not null,
  last_error text not null,
  next_attempt_at bigint not null,
  created_at bigint not null,
  sent_at bigint,
  attempts bigint not null default 0,
  constraint outgoing_mails_pkey PRIMARY KEY (id)
);

CREATE INDEX outgoing_mails_by_state_next_attempt_at ON public.outgoing_mails USING btree (state, next_attempt_at);

create table passkeys (
  id character varying(40) not null,
  user_id character varying(40) not null,
  name character varying(100) not null,
  credential_id character varying(512) not null,
  public_key bytea not null,
  transports character varying(255) not null,
  created_at bigint not null,
  last_used_at bigint,
  sign_count bigint not null default 0,
  constraint passkeys_credential UNIQUE (credential_id),
  constraint passkeys_pkey PRIMARY KEY (id),
  constraint passkeys_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX passkeys_by_user_id ON public.passkeys USING btree (user_id);

create table pending_sign_ins (
  id character varying(40) not null,
  token_hash character(64) not null,
  kind character varying(32) not null,
  data_box bytea not null,
  created_at bigint not null,
  expires_at bigint not null,
  user_id character varying(40),
  attempts bigint not null default 0,
  constraint pending_sign_ins_pkey PRIMARY KEY (id),
  constraint pending_sign_ins_token UNIQUE (token_hash),
  constraint pending_sign_ins_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX pending_sign_ins_by_expires_at ON public.pending_sign_ins USING btree (expires_at);

create table rate_limits (
  name character varying(160) not null,
  updated_at bigint not null,
  failures bigint not null default 0,
  constraint rate_limits_pk PRIMARY KEY (name)
);

create table recovery_codes (
  id character varying(40) not null,
  user_id character varying(40) not null,
  code_hash character(64) not null,
  used_at bigint,
  constraint recovery_codes_pkey PRIMARY KEY (id),
  constraint recovery_codes_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX recovery_codes_by_user_id ON public.recovery_codes USING btree (user_id);

create table service_names (
  id character varying(40) not null,
  service_id character varying(40) not null,
  site_id character varying(40) not null,
  domain_id character varying(40) not null,
  host character varying(253) not null,
  path character varying(200) not null,
  position integer not null,
  constraint service_names_domain FOREIGN KEY (domain_id) REFERENCES domains(id),
  constraint service_names_pkey PRIMARY KEY (id),
  constraint service_names_place UNIQUE (host, path),
  constraint service_names_service FOREIGN KEY (service_id) REFERENCES services(id) ON DELETE CASCADE
);

CREATE INDEX service_names_by_service_id ON public.service_names USING btree (service_id);

create table services (
  id character varying(40) not null,
  container_id character varying(40) not null,
  site_id character varying(40) not null,
  kind character varying(8) not null,
  internal_port integer not null,
  backend_tls smallint not null,
  created_at bigint not null,
  domain_id character varying(40),
  external_port integer,
  options text,
  tls character varying(16) not null default ''::character varying,
  sni_host character varying(253) not null default ''::character varying,
  constraint services_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint services_domain FOREIGN KEY (domain_id) REFERENCES domains(id),
  constraint services_pkey PRIMARY KEY (id),
  constraint services_port UNIQUE (site_id, kind, external_port, sni_host)
);

CREATE INDEX services_by_container_id ON public.services USING btree (container_id);

create table sessions (
  id character varying(40) not null,
  token_hash character(64) not null,
  user_id character varying(40) not null,
  created_at bigint not null,
  last_used_at bigint not null,
  expires_at bigint not null,
  user_agent character varying(255) not null,
  address character varying(64) not null default ''::character varying,
  authenticated_at bigint not null default 0,
  second_factor smallint not null default 0,
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_token UNIQUE (token_hash),
  constraint sessions_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX sessions_by_user_id ON public.sessions USING btree (user_id);

create table settings (
  name character varying(64) not null,
  value text not null,
  updated_at bigint not null,
  secret_box bytea,
  constraint settings_pkey PRIMARY KEY (name)
);

create table site_administrators (
  id character varying(40) not null,
  site_id character varying(40) not null,
  created_at bigint not null,
  user_id character varying(40),
  group_id character varying(40),
  constraint site_administrators_group UNIQUE (site_id, group_id),
  constraint site_administrators_group_id FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
  constraint site_administrators_of FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE,
  constraint site_administrators_pkey PRIMARY KEY (id),
  constraint site_administrators_user UNIQUE (site_id, user_id),
  constraint site_administrators_user_id FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX site_administrators_by_user_id ON public.site_administrators USING btree (user_id);

create table site_changes (
  site_id character varying(40) not null,
  revision bigint not null,
  at bigint not null,
  container_id character varying(40),
  constraint site_changes_pk PRIMARY KEY (site_id, revision),
  constraint site_changes_site FOREIGN KEY (site_id) REFERENCES sites(id) ON DELETE CASCADE
);

create table sites (
  id character varying(40) not null,
  name character varying(63) not null,
  internal_domain character varying(253) not null,
  network character varying(18) not null,
  range_start character varying(15) not null,
  range_end character varying(15) not null,
  gateway character varying(15) not null,
  dns_servers text not null,
  forwarders text not null,
  external_address character varying(253) not null,
  port_range_start integer not null,
  port_range_end integer not null,
  created_at bigint not null,
  updated_at bigint not null,
  revision bigint not null default 0,
  trusted_proxies character varying(4000) not null default '[]'::character varying,
  proxy_protocol smallint not null default 0,
  custom_domains smallint not null default 0,
  constraint sites_name UNIQUE (name),
  constraint sites_pkey PRIMARY KEY (id)
);

create table ssh_keys (
  id character varying(40) not null,
  user_id character varying(40) not null,
  name character varying(100) not null,
  key_type character varying(64) not null,
  public_key text not null,
  fingerprint character varying(64) not null,
  created_at bigint not null,
  constraint ssh_keys_fingerprint UNIQUE (user_id, fingerprint),
  constraint ssh_keys_pkey PRIMARY KEY (id),
  constraint ssh_keys_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE INDEX ssh_keys_by_user_id ON public.ssh_keys USING btree (user_id);

create table totp_factors (
  user_id character varying(40) not null,
  secret_box bytea not null,
  created_at bigint not null,
  confirmed_at bigint,
  last_step bigint,
  constraint totp_factors_pk PRIMARY KEY (user_id),
  constraint totp_factors_user FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table users (
  id character varying(40) not null,
  username character varying(64) not null,
  display_name character varying(255) not null,
  password_hash character varying(255) not null,
  status character varying(16) not null,
  created_at bigint not null,
  email character varying(255),
  uid_number integer not null default 0,
  email_verified smallint not null default 0,
  shell character varying(64) not null default '/bin/bash'::character varying,
  login_totp smallint not null default 0,
  password_changed_at bigint not null default 0,
  last_sign_in_at bigint not null default 0,
  updated_at bigint not null default 0,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_username UNIQUE (username)
);

CREATE UNIQUE INDEX users_email ON public.users USING btree (email);

CREATE UNIQUE INDEX users_uid_number ON public.users USING btree (uid_number);
