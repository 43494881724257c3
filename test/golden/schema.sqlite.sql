CREATE TABLE "agents" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "name" varchar(253) not null,
  "roles" varchar(255) not null,
  "machine_id" varchar(64) not null,
  "status" varchar(16) not null,
  "certificate_serial" varchar(64) not null,
  "certificate_expires_at" bigint not null,
  "version" varchar(64) not null,
  "capabilities" text not null,
  "created_at" bigint not null,
  "rejected_message" text default ('') not null,
  "session_id" varchar(40),
  "replica_id" varchar(40),
  "connected_at" bigint,
  "last_seen_at" bigint,
  "epoch" bigint default 0 not null,
  "desired_generation" bigint default 0 not null,
  "sent_generation" bigint default 0 not null,
  "acked_generation" bigint default 0 not null,
  "running_generation" bigint default 0 not null,
  "rejected_generation" bigint default 0 not null,
  "acked_lease_seq" bigint default 0 not null,
  constraint "agents_site" foreign key ("site_id") references "sites" ("id")
);

CREATE INDEX "agents_by_site_id" on "agents" ("site_id");

CREATE TABLE "audit" (
  "id" varchar(40) not null primary key,
  "at" bigint not null,
  "action" varchar(64) not null,
  "object_kind" varchar(32) not null,
  "object_id" varchar(40) not null,
  "change_json" text not null,
  "request_id" varchar(40) not null,
  "user_id" varchar(40),
  "site_id" varchar(40)
);

CREATE INDEX "audit_by_at" on "audit" ("at");

CREATE TABLE "certificates" (
  "id" varchar(40) not null primary key,
  "domain_id" varchar(40) not null,
  "dns_names" text not null,
  "chain_pem" text not null,
  "key_box" blob not null,
  "self_signed" smallint not null,
  "not_before" bigint not null,
  "not_after" bigint not null,
  "created_at" bigint not null,
  constraint "certificates_domain" foreign key ("domain_id") references "domains" ("id") on delete cascade
);

CREATE INDEX "certificates_by_domain_id" on "certificates" ("domain_id");

CREATE TABLE "commands" (
  "id" varchar(40) not null primary key,
  "agent_id" varchar(40) not null,
  "state" varchar(16) not null,
  "payload" blob not null,
  "deadline_at" bigint not null,
  "created_at" bigint not null,
  "operation_id" varchar(40),
  "result" blob,
  "finished_at" bigint,
  "progress_seq" bigint default 0 not null,
  constraint "commands_agent" foreign key ("agent_id") references "agents" ("id") on delete cascade
);

CREATE INDEX "commands_by_agent_id_state" on "commands" ("agent_id", "state");

CREATE INDEX "commands_by_operation_id" on "commands" ("operation_id");

CREATE TABLE "conditions" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "kind" varchar(64) not null,
  "severity" varchar(8) not null,
  "subject" varchar(255) not null,
  "message" text not null,
  "since" bigint not null,
  "agent_id" varchar(40),
  "container_id" varchar(40),
  constraint "conditions_site" foreign key ("site_id") references "sites" ("id") on delete cascade
);

CREATE INDEX "conditions_by_agent_id" on "conditions" ("agent_id");

CREATE INDEX "conditions_by_container_id" on "conditions" ("container_id");

CREATE TABLE "containers" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "node_id" varchar(40) not null,
  "owner_id" varchar(40) not null,
  "hostname" varchar(63) not null,
  "template" varchar(255) not null,
  "cores" integer not null,
  "memory_mib" integer not null,
  "disk_gib" integer not null,
  "description" text not null,
  "cluster" varchar(63) not null,
  "vmid" integer not null,
  "mac" varchar(17) not null,
  "address" varchar(45) not null,
  "phase" varchar(16) not null,
  "power" varchar(16) not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "active_operation_id" varchar(40),
  constraint "containers_hostname" unique ("site_id", "hostname"),
  constraint "containers_address" unique ("site_id", "address"),
  constraint "containers_mac" unique ("mac"),
  constraint "containers_vmid" unique ("cluster", "vmid"),
  constraint "containers_site" foreign key ("site_id") references "sites" ("id"),
  constraint "containers_node" foreign key ("node_id") references "nodes" ("id"),
  constraint "containers_owner" foreign key ("owner_id") references "users" ("id")
);

CREATE INDEX "containers_by_created_at" on "containers" ("created_at");

CREATE INDEX "containers_by_node_id" on "containers" ("node_id");

CREATE TABLE "domains" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "name" varchar(253) not null,
  "created_at" bigint not null,
  constraint "domains_name" unique ("name"),
  constraint "domains_site" foreign key ("site_id") references "sites" ("id")
);

CREATE TABLE "foreign_vmids" (
  "cluster" varchar(63) not null,
  "vmid" integer not null,
  "seen_at" bigint not null,
  constraint "foreign_vmids_pk" primary key ("cluster", "vmid")
);

CREATE TABLE "freed_addresses" (
  "site_id" varchar(40) not null,
  "address" varchar(45) not null,
  "freed_at" bigint not null,
  constraint "freed_addresses_pk" primary key ("site_id", "address"),
  constraint "freed_addresses_site" foreign key ("site_id") references "sites" ("id") on delete cascade
);

CREATE TABLE "guest_states" (
  "container_id" varchar(40) not null primary key,
  "exists_on_node" smallint not null,
  "power" varchar(16) not null,
  "lock_name" varchar(32) not null,
  "uptime_seconds" bigint not null,
  "memory_bytes" bigint not null,
  "cpu_permille" integer not null,
  "addresses" text not null,
  "seen_at" bigint not null,
  constraint "guest_states_container" foreign key ("container_id") references "containers" ("id") on delete cascade
);

CREATE TABLE "idempotency_keys" (
  "user_id" varchar(40) not null,
  "method" varchar(64) not null,
  "idempotency_key" varchar(128) not null,
  "request_hash" char(64) not null,
  "outcome" text not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  constraint "idempotency_keys_pk" primary key ("user_id", "method", "idempotency_key")
);

CREATE TABLE "join_tokens" (
  "id" varchar(40) not null primary key,
  "token_hash" char(64) not null,
  "site_id" varchar(40) not null,
  "roles" varchar(255) not null,
  "expires_at" bigint not null,
  "created_by" varchar(40) not null,
  "created_at" bigint not null,
  "consumed_at" bigint,
  "key_hash" char(64),
  "agent_id" varchar(40),
  "chain_pem" text,
  constraint "join_tokens_hash" unique ("token_hash"),
  constraint "join_tokens_site" foreign key ("site_id") references "sites" ("id") on delete cascade
);

CREATE TABLE "leases" (
  "site_id" varchar(40) not null,
  "mac" varchar(17) not null,
  "address" varchar(45) not null,
  "hostname" varchar(255) not null,
  "seen_at" bigint not null,
  "expires_at" bigint,
  constraint "leases_pk" primary key ("site_id", "mac"),
  constraint "leases_site" foreign key ("site_id") references "sites" ("id") on delete cascade
);

CREATE INDEX "leases_by_site_id_address" on "leases" ("site_id", "address");

CREATE TABLE "nodes" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "name" varchar(63) not null,
  "cluster" varchar(63) not null,
  "api_url" varchar(255) not null,
  "token_id" varchar(255) not null,
  "token_secret_box" blob not null,
  "ca_pem" text not null,
  "fingerprint" varchar(95) not null,
  "image_storage" varchar(100) not null,
  "volume_storage" varchar(100) not null,
  "bridge" varchar(15) not null,
  "schedulable" smallint not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "agent_id" varchar(40),
  constraint "nodes_name" unique ("site_id", "name"),
  constraint "nodes_site" foreign key ("site_id") references "sites" ("id")
);

CREATE TABLE "operation_logs" (
  "operation_id" varchar(40) not null,
  "seq" bigint not null,
  "at" bigint not null,
  "step" varchar(64) not null,
  "text" text not null,
  constraint "operation_logs_pk" primary key ("operation_id", "seq"),
  constraint "operation_logs_operation" foreign key ("operation_id") references "operations" ("id") on delete cascade
);

CREATE TABLE "operation_steps" (
  "operation_id" varchar(40) not null,
  "position" integer not null,
  "name" varchar(64) not null,
  "title" varchar(255) not null,
  "state" varchar(16) not null,
  "error" text not null,
  "started_at" bigint,
  "finished_at" bigint,
  "attempts" bigint default 0 not null,
  constraint "operation_steps_pk" primary key ("operation_id", "position"),
  constraint "operation_steps_operation" foreign key ("operation_id") references "operations" ("id") on delete cascade
);

CREATE TABLE "operations" (
  "id" varchar(40) not null primary key,
  "kind" varchar(64) not null,
  "site_id" varchar(40) not null,
  "container_id" varchar(40) not null,
  "hostname" varchar(63) not null,
  "user_id" varchar(40) not null,
  "request_id" varchar(40) not null,
  "state" varchar(16) not null,
  "data" text not null,
  "error" text not null,
  "error_reason" varchar(64) not null,
  "lease_until" bigint not null,
  "created_at" bigint not null,
  "lease_owner" varchar(40),
  "finished_at" bigint,
  "lease_epoch" bigint default 0 not null,
  "log_seq" bigint default 0 not null
);

CREATE INDEX "operations_by_container_id" on "operations" ("container_id");

CREATE INDEX "operations_by_state_lease_until" on "operations" ("state", "lease_until");

CREATE TABLE "services" (
  "id" varchar(40) not null primary key,
  "container_id" varchar(40) not null,
  "site_id" varchar(40) not null,
  "kind" varchar(8) not null,
  "internal_port" integer not null,
  "backend_tls" smallint not null,
  "created_at" bigint not null,
  "host" varchar(253),
  "domain_id" varchar(40),
  "external_port" integer,
  constraint "services_host" unique ("host"),
  constraint "services_port" unique ("site_id", "kind", "external_port"),
  constraint "services_container" foreign key ("container_id") references "containers" ("id") on delete cascade,
  constraint "services_domain" foreign key ("domain_id") references "domains" ("id")
);

CREATE INDEX "services_by_container_id" on "services" ("container_id");

CREATE TABLE "sessions" (
  "id" varchar(40) not null primary key,
  "token_hash" char(64) not null,
  "user_id" varchar(40) not null,
  "created_at" bigint not null,
  "last_used_at" bigint not null,
  "expires_at" bigint not null,
  "user_agent" varchar(255) not null,
  constraint "sessions_token" unique ("token_hash"),
  constraint "sessions_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "sessions_by_user_id" on "sessions" ("user_id");

CREATE TABLE "settings" (
  "name" varchar(64) not null primary key,
  "value" text not null,
  "updated_at" bigint not null,
  "secret_box" blob
);

CREATE TABLE "site_changes" (
  "site_id" varchar(40) not null,
  "revision" bigint not null,
  "at" bigint not null,
  "container_id" varchar(40),
  constraint "site_changes_pk" primary key ("site_id", "revision"),
  constraint "site_changes_site" foreign key ("site_id") references "sites" ("id") on delete cascade
);

CREATE TABLE "sites" (
  "id" varchar(40) not null primary key,
  "name" varchar(63) not null,
  "internal_domain" varchar(253) not null,
  "network" varchar(18) not null,
  "range_start" varchar(15) not null,
  "range_end" varchar(15) not null,
  "gateway" varchar(15) not null,
  "dns_servers" text not null,
  "forwarders" text not null,
  "external_address" varchar(253) not null,
  "port_range_start" integer not null,
  "port_range_end" integer not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "revision" bigint default 0 not null,
  constraint "sites_name" unique ("name")
);

CREATE TABLE "users" (
  "id" varchar(40) not null primary key,
  "username" varchar(64) not null,
  "display_name" varchar(255) not null,
  "password_hash" varchar(255) not null,
  "administrator" smallint not null,
  "status" varchar(16) not null,
  "created_at" bigint not null,
  "email" varchar(255),
  constraint "users_username" unique ("username")
);
