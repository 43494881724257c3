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
  constraint agents_pkey PRIMARY KEY (id),
  constraint agents_site FOREIGN KEY (site_id) REFERENCES sites(id)
);

CREATE INDEX agents_by_site_id ON public.agents USING btree (site_id);

create table audit (
  id character varying(40) not null,
  at bigint not null,
  action character varying(64) not null,
  object_kind character varying(32) not null,
  object_id character varying(40) not null,
  change_json text not null,
  request_id character varying(40) not null,
  user_id character varying(40),
  site_id character varying(40),
  constraint audit_pkey PRIMARY KEY (id)
);

CREATE INDEX audit_by_at ON public.audit USING btree (at);

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
  constraint certificates_domain FOREIGN KEY (domain_id) REFERENCES domains(id) ON DELETE CASCADE,
  constraint certificates_pkey PRIMARY KEY (id)
);

CREATE INDEX certificates_by_domain_id ON public.certificates USING btree (domain_id);

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

create table domains (
  id character varying(40) not null,
  site_id character varying(40) not null,
  name character varying(253) not null,
  created_at bigint not null,
  constraint domains_name UNIQUE (name),
  constraint domains_pkey PRIMARY KEY (id),
  constraint domains_site FOREIGN KEY (site_id) REFERENCES sites(id)
);

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
  request_id character varying(40) not null,
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

create table services (
  id character varying(40) not null,
  container_id character varying(40) not null,
  site_id character varying(40) not null,
  kind character varying(8) not null,
  internal_port integer not null,
  backend_tls smallint not null,
  created_at bigint not null,
  host character varying(253),
  domain_id character varying(40),
  external_port integer,
  constraint services_container FOREIGN KEY (container_id) REFERENCES containers(id) ON DELETE CASCADE,
  constraint services_domain FOREIGN KEY (domain_id) REFERENCES domains(id),
  constraint services_host UNIQUE (host),
  constraint services_pkey PRIMARY KEY (id),
  constraint services_port UNIQUE (site_id, kind, external_port)
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
  constraint sites_name UNIQUE (name),
  constraint sites_pkey PRIMARY KEY (id)
);

create table users (
  id character varying(40) not null,
  username character varying(64) not null,
  display_name character varying(255) not null,
  password_hash character varying(255) not null,
  administrator smallint not null,
  status character varying(16) not null,
  created_at bigint not null,
  email character varying(255),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_username UNIQUE (username)
);
