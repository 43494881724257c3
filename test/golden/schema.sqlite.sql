CREATE TABLE "access_requests" (
  "id" varchar(40) not null primary key,
  "user_id" varchar(40) not null,
  "site_id" varchar(40) not null,
  "hostname" varchar(63) not null,
  "role" varchar(16) not null,
  "message" text not null,
  "state" varchar(16) not null,
  "answer" text not null,
  "created_at" bigint not null,
  "container_id" varchar(40),
  "decided_by" varchar(40),
  "decided_at" bigint,
  constraint "access_requests_container" foreign key ("container_id") references "containers" ("id") on delete set null,
  constraint "access_requests_site" foreign key ("site_id") references "sites" ("id") on delete cascade,
  constraint "access_requests_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "access_requests_by_container_id" on "access_requests" ("container_id");

CREATE INDEX "access_requests_by_created_at" on "access_requests" ("created_at");

CREATE INDEX "access_requests_by_user_id" on "access_requests" ("user_id");

CREATE TABLE "acme_accounts" (
  "id" varchar(40) not null primary key,
  "name" varchar(63) not null,
  "directory_url" varchar(500) not null,
  "email" varchar(254) not null,
  "terms_agreed" smallint not null,
  "eab_key_id" varchar(255) not null,
  "ca_pem" text not null,
  "key_box" blob not null,
  "account_url" varchar(500) not null,
  "last_error" text not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "eab_hmac_box" blob,
  constraint "acme_accounts_name" unique ("name")
);

CREATE TABLE "acme_challenges" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "managed_id" varchar(40) not null,
  "kind" varchar(16) not null,
  "host" varchar(253) not null,
  "token" varchar(255) not null,
  "answer" varchar(600) not null,
  "revision" bigint not null,
  "created_at" bigint not null,
  "dns_provider_id" varchar(40),
  "record" text,
  constraint "acme_challenges_site" foreign key ("site_id") references "sites" ("id") on delete cascade
);

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
  "covered_revision" bigint default 0 not null,
  "restored_revision" bigint,
  "ahead_generation" bigint,
  constraint "agents_site" foreign key ("site_id") references "sites" ("id")
);

CREATE INDEX "agents_by_site_id" on "agents" ("site_id");

CREATE TABLE "api_tokens" (
  "id" varchar(40) not null primary key,
  "user_id" varchar(40) not null,
  "name" varchar(100) not null,
  "prefix" varchar(16) not null,
  "token_hash" char(64) not null,
  "scope" varchar(16) not null,
  "last_used_address" varchar(64) not null,
  "created_at" bigint not null,
  "site_id" varchar(40),
  "container_id" varchar(40),
  "expires_at" bigint,
  "last_used_at" bigint,
  constraint "api_tokens_hash" unique ("token_hash"),
  constraint "api_tokens_user" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "api_tokens_site" foreign key ("site_id") references "sites" ("id") on delete cascade,
  constraint "api_tokens_container" foreign key ("container_id") references "containers" ("id") on delete cascade
);

CREATE INDEX "api_tokens_by_user_id" on "api_tokens" ("user_id");

CREATE TABLE "app_sessions" (
  "id" varchar(40) not null primary key,
  "session_id" varchar(40) not null,
  "user_id" varchar(40) not null,
  "host" varchar(253) not null,
  "created_at" bigint not null,
  "last_seen_at" bigint not null,
  constraint "app_sessions_session" foreign key ("session_id") references "sessions" ("id") on delete cascade,
  constraint "app_sessions_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "app_sessions_by_session_id" on "app_sessions" ("session_id");

CREATE TABLE "app_sign_in_codes" (
  "id" varchar(40) not null primary key,
  "code_hash" varchar(64) not null,
  "session_id" varchar(40) not null,
  "user_id" varchar(40) not null,
  "host" varchar(253) not null,
  "state_hash" varchar(64) not null,
  "expires_at" bigint not null,
  constraint "app_sign_in_codes_session" foreign key ("session_id") references "sessions" ("id") on delete cascade
);

CREATE UNIQUE INDEX "app_sign_in_codes_hash" on "app_sign_in_codes" ("code_hash");

CREATE TRIGGER "audit_no_delete" before delete on "audit"
begin
  select raise(abort, 'rows of audit are never changed or deleted');
end;

CREATE TRIGGER "audit_no_update" before update on "audit"
begin
  select raise(abort, 'rows of audit are never changed or deleted');
end;

CREATE TABLE "audit" (
  "id" varchar(40) not null primary key,
  "at" bigint not null,
  "action" varchar(64) not null,
  "object_kind" varchar(32) not null,
  "object_id" varchar(40) not null,
  "change_json" text not null,
  "request_id" varchar(40) not null,
  "user_id" varchar(40),
  "site_id" varchar(40),
  "address" varchar(64) default '' not null,
  "via" varchar(16) default '' not null,
  "token_id" varchar(40) default '' not null,
  "user_name" varchar(64) default '' not null,
  "object_name" varchar(320) default '' not null,
  "container_id" varchar(40)
);

CREATE INDEX "audit_by_container_id_id" on "audit" ("container_id", "id");

CREATE INDEX "audit_by_object_id_id" on "audit" ("object_id", "id");

CREATE INDEX "audit_by_site_id_id" on "audit" ("site_id", "id");

CREATE INDEX "audit_by_user_id_id" on "audit" ("user_id", "id");

CREATE TABLE "backend_health" (
  "agent_id" varchar(40) not null,
  "service_id" varchar(40) not null,
  "healthy" smallint not null,
  "error" text not null,
  "since" bigint not null,
  constraint "backend_health_pk" primary key ("service_id", "agent_id"),
  constraint "backend_health_agent" foreign key ("agent_id") references "agents" ("id") on delete cascade,
  constraint "backend_health_service" foreign key ("service_id") references "services" ("id") on delete cascade
);

CREATE TABLE "certificate_warnings" (
  "id" varchar(40) not null primary key,
  "certificate_id" varchar(40) not null,
  "days" integer not null,
  "body" text not null,
  "hook_state" varchar(16) not null,
  "hook_attempts" integer not null,
  "hook_next_at" bigint not null,
  "hook_error" text not null,
  "created_at" bigint not null,
  constraint "certificate_warnings_step" unique ("certificate_id", "days"),
  constraint "certificate_warnings_certificate" foreign key ("certificate_id") references "certificates" ("id") on delete cascade
);

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
  "name" varchar(253) default '' not null,
  "issuer" varchar(255) default '' not null,
  "serial" varchar(64) default '' not null,
  "revoked_at" bigint,
  constraint "certificates_domain" foreign key ("domain_id") references "domains" ("id") on delete cascade
);

CREATE INDEX "certificates_by_domain_id" on "certificates" ("domain_id");

CREATE INDEX "certificates_by_domain_id_name" on "certificates" ("domain_id", "name");

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
  "request_id" varchar(64) default '' not null,
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

CREATE TABLE "container_binds" (
  "container_id" varchar(40) not null,
  "secret_hash" char(64) not null,
  "rotated_at" bigint not null,
  "former_hash" char(64),
  "former_until" bigint,
  "last_used_at" bigint,
  constraint "container_binds_pk" primary key ("container_id"),
  constraint "container_binds_container" foreign key ("container_id") references "containers" ("id") on delete cascade
);

CREATE TABLE "container_members" (
  "id" varchar(40) not null primary key,
  "container_id" varchar(40) not null,
  "role" varchar(16) not null,
  "created_at" bigint not null,
  "user_id" varchar(40),
  "group_id" varchar(40),
  "granted_by" varchar(40),
  constraint "container_members_user" unique ("container_id", "user_id"),
  constraint "container_members_group" unique ("container_id", "group_id"),
  constraint "container_members_of" foreign key ("container_id") references "containers" ("id") on delete cascade,
  constraint "container_members_user_id" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "container_members_group_id" foreign key ("group_id") references "groups" ("id") on delete cascade
);

CREATE INDEX "container_members_by_group_id" on "container_members" ("group_id");

CREATE INDEX "container_members_by_user_id" on "container_members" ("user_id");

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

CREATE INDEX "containers_by_owner_id" on "containers" ("owner_id");

CREATE TABLE "counters" (
  "name" varchar(64) not null,
  "value" bigint not null,
  constraint "counters_pk" primary key ("name")
);

CREATE TABLE "directory_changes" (
  "revision" bigint not null,
  "kind" varchar(16) not null,
  "object_id" varchar(40) not null,
  "at" bigint not null,
  constraint "directory_changes_pk" primary key ("revision")
);

CREATE TABLE "dns_providers" (
  "id" varchar(40) not null primary key,
  "name" varchar(63) not null,
  "kind" varchar(16) not null,
  "settings" text not null,
  "check_servers" text not null,
  "last_error" text not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "secret_box" blob,
  constraint "dns_providers_name" unique ("name")
);

CREATE TABLE "dns_records" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "domain_name" varchar(253) not null,
  "dns_provider_id" varchar(40) not null,
  "name" varchar(253) not null,
  "type" varchar(8) not null,
  "value" varchar(253) not null,
  "wanted" smallint not null,
  "state" varchar(16) not null,
  "problem" text not null,
  "failures" integer not null,
  "next_try_at" bigint not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "record" text,
  "leased_by" varchar(80),
  "leased_until" bigint,
  constraint "dns_records_name" unique ("name", "type"),
  constraint "dns_records_provider" foreign key ("dns_provider_id") references "dns_providers" ("id")
);

CREATE INDEX "dns_records_by_next_try_at" on "dns_records" ("next_try_at");

CREATE TABLE "domain_grants" (
  "id" varchar(40) not null primary key,
  "domain_id" varchar(40) not null,
  "created_at" bigint not null,
  "user_id" varchar(40),
  "group_id" varchar(40),
  constraint "domain_grants_user" unique ("domain_id", "user_id"),
  constraint "domain_grants_group" unique ("domain_id", "group_id"),
  constraint "domain_grants_domain" foreign key ("domain_id") references "domains" ("id") on delete cascade,
  constraint "domain_grants_user_id" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "domain_grants_group_id" foreign key ("group_id") references "groups" ("id") on delete cascade
);

CREATE TABLE "domains" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "claim" varchar(253) not null,
  "created_at" bigint not null,
  "name" varchar(253) default '' not null,
  "owner_id" varchar(40),
  "access" varchar(16) default 'shared' not null,
  "verified_at" bigint,
  "proof_token" varchar(64) default '' not null,
  "proof_checked_at" bigint,
  "proof_error" varchar(500) default '' not null,
  "certificate_source" varchar(16) default 'self_signed' not null,
  "certificate_scope" varchar(16) default 'wildcard' not null,
  "acme_account_id" varchar(40),
  "challenge" varchar(16) default '' not null,
  "dns_provider_id" varchar(40),
  "publish_dns" smallint default 0 not null,
  "hsts_max_age" integer default 31536000 not null,
  "hsts_subdomains" smallint default 0 not null,
  "hsts_preload" smallint default 0 not null,
  "oauth2_proxy_url" varchar(255) default '' not null,
  "updated_at" bigint default 0 not null,
  constraint "domains_name" unique ("claim"),
  constraint "domains_site" foreign key ("site_id") references "sites" ("id")
);

CREATE INDEX "domains_by_name" on "domains" ("name");

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

CREATE TABLE "group_members" (
  "id" varchar(40) not null primary key,
  "group_id" varchar(40) not null,
  "created_at" bigint not null,
  "user_id" varchar(40),
  "member_group_id" varchar(40),
  constraint "group_members_user" unique ("group_id", "user_id"),
  constraint "group_members_group" unique ("group_id", "member_group_id"),
  constraint "group_members_of" foreign key ("group_id") references "groups" ("id") on delete cascade,
  constraint "group_members_user_id" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "group_members_group_id" foreign key ("member_group_id") references "groups" ("id") on delete cascade
);

CREATE INDEX "group_members_by_member_group_id" on "group_members" ("member_group_id");

CREATE INDEX "group_members_by_user_id" on "group_members" ("user_id");

CREATE TABLE "groups" (
  "id" varchar(40) not null primary key,
  "name" varchar(32) not null,
  "gid_number" integer not null,
  "description" text not null,
  "administrator" smallint not null,
  "built_in" smallint not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  constraint "groups_name" unique ("name"),
  constraint "groups_gid_number" unique ("gid_number")
);

CREATE TABLE "guest_setup_tokens" (
  "token_hash" char(64) not null,
  "container_id" varchar(40) not null,
  "created_by" varchar(40) not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  constraint "guest_setup_tokens_pk" primary key ("token_hash"),
  constraint "guest_setup_tokens_container" foreign key ("container_id") references "containers" ("id") on delete cascade
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

CREATE TABLE "internal_records" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "fqdn" varchar(253) not null,
  "text" varchar(255) not null,
  "created_at" bigint not null,
  constraint "internal_records_content" unique ("site_id", "fqdn", "text"),
  constraint "internal_records_site" foreign key ("site_id") references "sites" ("id") on delete cascade
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

CREATE TABLE "mail_links" (
  "id" varchar(40) not null primary key,
  "kind" varchar(32) not null,
  "token_hash" char(64) not null,
  "email" varchar(255) not null,
  "data" text not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "user_id" varchar(40),
  "created_by" varchar(40),
  "used_at" bigint,
  constraint "mail_links_token" unique ("token_hash"),
  constraint "mail_links_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "mail_links_by_email" on "mail_links" ("email");

CREATE TABLE "managed_certificates" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "domain_id" varchar(40) not null,
  "name" varchar(253) not null,
  "dns_names" text not null,
  "source" varchar(64) not null,
  "state" varchar(16) not null,
  "next_try_at" bigint not null,
  "next_try_reason" varchar(255) not null,
  "failures" integer not null,
  "last_error" text not null,
  "progress" varchar(500) not null,
  "explanation_url" varchar(500) not null,
  "order_url" varchar(500) not null,
  "ari_id" varchar(255) not null,
  "ari_next_look_at" bigint not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "certificate_id" varchar(40),
  "last_error_at" bigint,
  "order_key_box" blob,
  "order_started_at" bigint,
  "leased_by" varchar(80),
  "leased_until" bigint,
  constraint "managed_certificates_name" unique ("domain_id", "name"),
  constraint "managed_certificates_domain" foreign key ("domain_id") references "domains" ("id") on delete cascade
);

CREATE INDEX "managed_certificates_by_next_try_at" on "managed_certificates" ("next_try_at");

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

CREATE TABLE "oidc_identities" (
  "id" varchar(40) not null primary key,
  "user_id" varchar(40) not null,
  "provider_id" varchar(40) not null,
  "issuer" varchar(255) not null,
  "subject" varchar(255) not null,
  "created_at" bigint not null,
  "last_used_at" bigint,
  constraint "oidc_identities_subject" unique ("issuer", "subject"),
  constraint "oidc_identities_user" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "oidc_identities_provider" foreign key ("provider_id") references "oidc_providers" ("id") on delete cascade
);

CREATE INDEX "oidc_identities_by_user_id" on "oidc_identities" ("user_id");

CREATE TABLE "oidc_providers" (
  "id" varchar(40) not null primary key,
  "name" varchar(63) not null,
  "issuer" varchar(255) not null,
  "client_id" varchar(255) not null,
  "client_secret_box" blob not null,
  "scopes" varchar(255) not null,
  "groups_claim" varchar(255) not null,
  "group_mapping" text not null,
  "create_users" smallint not null,
  "enabled" smallint not null,
  "created_at" bigint not null,
  "updated_at" bigint not null,
  "display_name" varchar(100) default '' not null,
  "new_user_status" varchar(16) default 'pending' not null,
  "may_administer" smallint default 0 not null,
  "trusted_second_factor" smallint default 0 not null,
  constraint "oidc_providers_name" unique ("name")
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

CREATE TABLE "outgoing_mails" (
  "id" varchar(40) not null primary key,
  "recipient" varchar(255) not null,
  "subject" varchar(255) not null,
  "body_box" blob not null,
  "state" varchar(16) not null,
  "last_error" text not null,
  "next_attempt_at" bigint not null,
  "created_at" bigint not null,
  "sent_at" bigint,
  "attempts" bigint default 0 not null
);

CREATE INDEX "outgoing_mails_by_state_next_attempt_at" on "outgoing_mails" ("state", "next_attempt_at");

CREATE TABLE "passkeys" (
  "id" varchar(40) not null primary key,
  "user_id" varchar(40) not null,
  "name" varchar(100) not null,
  "credential_id" varchar(512) not null,
  "public_key" blob not null,
  "transports" varchar(255) not null,
  "created_at" bigint not null,
  "last_used_at" bigint,
  "sign_count" bigint default 0 not null,
  constraint "passkeys_credential" unique ("credential_id"),
  constraint "passkeys_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "passkeys_by_user_id" on "passkeys" ("user_id");

CREATE TABLE "pending_sign_ins" (
  "id" varchar(40) not null primary key,
  "token_hash" char(64) not null,
  "kind" varchar(32) not null,
  "data_box" blob not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "user_id" varchar(40),
  "attempts" bigint default 0 not null,
  constraint "pending_sign_ins_token" unique ("token_hash"),
  constraint "pending_sign_ins_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "pending_sign_ins_by_expires_at" on "pending_sign_ins" ("expires_at");

CREATE TABLE "rate_limits" (
  "name" varchar(160) not null,
  "updated_at" bigint not null,
  "failures" bigint default 0 not null,
  constraint "rate_limits_pk" primary key ("name")
);

CREATE TABLE "recovery_codes" (
  "id" varchar(40) not null primary key,
  "user_id" varchar(40) not null,
  "code_hash" char(64) not null,
  "used_at" bigint,
  constraint "recovery_codes_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "recovery_codes_by_user_id" on "recovery_codes" ("user_id");

CREATE TABLE "service_names" (
  "id" varchar(40) not null primary key,
  "service_id" varchar(40) not null,
  "site_id" varchar(40) not null,
  "domain_id" varchar(40) not null,
  "host" varchar(253) not null,
  "path" varchar(200) not null,
  "position" integer not null,
  constraint "service_names_place" unique ("host", "path"),
  constraint "service_names_service" foreign key ("service_id") references "services" ("id") on delete cascade,
  constraint "service_names_domain" foreign key ("domain_id") references "domains" ("id")
);

CREATE INDEX "service_names_by_service_id" on "service_names" ("service_id");

CREATE TABLE "services" (
  "id" varchar(40) not null primary key,
  "container_id" varchar(40) not null,
  "site_id" varchar(40) not null,
  "kind" varchar(8) not null,
  "internal_port" integer not null,
  "backend_tls" smallint not null,
  "created_at" bigint not null,
  "domain_id" varchar(40),
  "external_port" integer,
  "options" text,
  "tls" varchar(16) default '' not null,
  "sni_host" varchar(253) default '' not null,
  constraint "services_port" unique ("site_id", "kind", "external_port", "sni_host"),
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
  "address" varchar(64) default '' not null,
  "authenticated_at" bigint default 0 not null,
  "second_factor" smallint default 0 not null,
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

CREATE TABLE "site_administrators" (
  "id" varchar(40) not null primary key,
  "site_id" varchar(40) not null,
  "created_at" bigint not null,
  "user_id" varchar(40),
  "group_id" varchar(40),
  constraint "site_administrators_user" unique ("site_id", "user_id"),
  constraint "site_administrators_group" unique ("site_id", "group_id"),
  constraint "site_administrators_of" foreign key ("site_id") references "sites" ("id") on delete cascade,
  constraint "site_administrators_user_id" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "site_administrators_group_id" foreign key ("group_id") references "groups" ("id") on delete cascade
);

CREATE INDEX "site_administrators_by_user_id" on "site_administrators" ("user_id");

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
  "trusted_proxies" varchar(4000) default '[]' not null,
  "proxy_protocol" smallint default 0 not null,
  "custom_domains" smallint default 0 not null,
  constraint "sites_name" unique ("name")
);

CREATE TABLE "ssh_keys" (
  "id" varchar(40) not null primary key,
  "user_id" varchar(40) not null,
  "name" varchar(100) not null,
  "key_type" varchar(64) not null,
  "public_key" text not null,
  "fingerprint" varchar(64) not null,
  "created_at" bigint not null,
  constraint "ssh_keys_fingerprint" unique ("user_id", "fingerprint"),
  constraint "ssh_keys_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE INDEX "ssh_keys_by_user_id" on "ssh_keys" ("user_id");

CREATE TABLE "totp_factors" (
  "user_id" varchar(40) not null,
  "secret_box" blob not null,
  "created_at" bigint not null,
  "confirmed_at" bigint,
  "last_step" bigint,
  constraint "totp_factors_pk" primary key ("user_id"),
  constraint "totp_factors_user" foreign key ("user_id") references "users" ("id") on delete cascade
);

CREATE TABLE "users" (
  "id" varchar(40) not null primary key,
  "username" varchar(64) not null,
  "display_name" varchar(255) not null,
  "password_hash" varchar(255) not null,
  "status" varchar(16) not null,
  "created_at" bigint not null,
  "email" varchar(255),
  "uid_number" integer default 0 not null,
  "email_verified" smallint default 0 not null,
  "shell" varchar(64) default '/bin/bash' not null,
  "login_totp" smallint default 0 not null,
  "password_changed_at" bigint default 0 not null,
  "last_sign_in_at" bigint default 0 not null,
  "updated_at" bigint default 0 not null,
  constraint "users_username" unique ("username")
);

CREATE UNIQUE INDEX "users_email" on "users" ("email");

CREATE UNIQUE INDEX "users_uid_number" on "users" ("uid_number");
