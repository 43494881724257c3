CREATE TABLE `access_requests` (
  `id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `hostname` varchar(63) NOT NULL,
  `role` varchar(16) NOT NULL,
  `message` mediumtext NOT NULL,
  `state` varchar(16) NOT NULL,
  `answer` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  `container_id` varchar(40) DEFAULT NULL,
  `decided_by` varchar(40) DEFAULT NULL,
  `decided_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `access_requests_site` (`site_id`),
  KEY `access_requests_by_container_id` (`container_id`),
  KEY `access_requests_by_user_id` (`user_id`),
  KEY `access_requests_by_created_at` (`created_at`),
  CONSTRAINT `access_requests_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE SET NULL,
  CONSTRAINT `access_requests_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE,
  CONSTRAINT `access_requests_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `acme_accounts` (
  `id` varchar(40) NOT NULL,
  `name` varchar(63) NOT NULL,
  `directory_url` varchar(500) NOT NULL,
  `email` varchar(254) NOT NULL,
  `terms_agreed` smallint NOT NULL,
  `eab_key_id` varchar(255) NOT NULL,
  `ca_pem` mediumtext NOT NULL,
  `key_box` mediumblob NOT NULL,
  `account_url` varchar(500) NOT NULL,
  `last_error` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `eab_hmac_box` mediumblob DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `acme_accounts_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `acme_challenges` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `managed_id` varchar(40) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `host` varchar(253) NOT NULL,
  `token` varchar(255) NOT NULL,
  `answer` varchar(600) NOT NULL,
  `revision` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `dns_provider_id` varchar(40) DEFAULT NULL,
  `record` mediumtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `acme_challenges_site` (`site_id`),
  CONSTRAINT `acme_challenges_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `agents` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `name` varchar(253) NOT NULL,
  `roles` varchar(255) NOT NULL,
  `machine_id` varchar(64) NOT NULL,
  `status` varchar(16) NOT NULL,
  `certificate_serial` varchar(64) NOT NULL,
  `certificate_expires_at` bigint NOT NULL,
  `version` varchar(64) NOT NULL,
  `capabilities` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  `rejected_message` mediumtext NOT NULL DEFAULT '',
  `session_id` varchar(40) DEFAULT NULL,
  `replica_id` varchar(40) DEFAULT NULL,
  `connected_at` bigint DEFAULT NULL,
  `last_seen_at` bigint DEFAULT NULL,
  `epoch` bigint NOT NULL DEFAULT 0,
  `desired_generation` bigint NOT NULL DEFAULT 0,
  `sent_generation` bigint NOT NULL DEFAULT 0,
  `acked_generation` bigint NOT NULL DEFAULT 0,
  `running_generation` bigint NOT NULL DEFAULT 0,
  `rejected_generation` bigint NOT NULL DEFAULT 0,
  `acked_lease_seq` bigint NOT NULL DEFAULT 0,
  `covered_revision` bigint NOT NULL DEFAULT 0,
  `restored_revision` bigint DEFAULT NULL,
  `ahead_generation` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `agents_by_site_id` (`site_id`),
  CONSTRAINT `agents_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `api_tokens` (
  `id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `name` varchar(100) NOT NULL,
  `prefix` varchar(16) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `scope` varchar(16) NOT NULL,
  `last_used_address` varchar(64) NOT NULL,
  `created_at` bigint NOT NULL,
  `site_id` varchar(40) DEFAULT NULL,
  `container_id` varchar(40) DEFAULT NULL,
  `expires_at` bigint DEFAULT NULL,
  `last_used_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `api_tokens_hash` (`token_hash`),
  KEY `api_tokens_site` (`site_id`),
  KEY `api_tokens_container` (`container_id`),
  KEY `api_tokens_by_user_id` (`user_id`),
  CONSTRAINT `api_tokens_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE,
  CONSTRAINT `api_tokens_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE,
  CONSTRAINT `api_tokens_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `app_sessions` (
  `id` varchar(40) NOT NULL,
  `session_id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `host` varchar(253) NOT NULL,
  `created_at` bigint NOT NULL,
  `last_seen_at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  KEY `app_sessions_user` (`user_id`),
  KEY `app_sessions_by_session_id` (`session_id`),
  CONSTRAINT `app_sessions_session` FOREIGN KEY (`session_id`) REFERENCES `sessions` (`id`) ON DELETE CASCADE,
  CONSTRAINT `app_sessions_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `app_sign_in_codes` (
  `id` varchar(40) NOT NULL,
  `code_hash` varchar(64) NOT NULL,
  `session_id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `host` varchar(253) NOT NULL,
  `state_hash` varchar(64) NOT NULL,
  `expires_at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `app_sign_in_codes_hash` (`code_hash`),
  KEY `app_sign_in_codes_session` (`session_id`),
  CONSTRAINT `app_sign_in_codes_session` FOREIGN KEY (`session_id`) REFERENCES `sessions` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `audit` (
  `id` varchar(40) NOT NULL,
  `at` bigint NOT NULL,
  `action` varchar(64) NOT NULL,
  `object_kind` varchar(32) NOT NULL,
  `object_id` varchar(40) NOT NULL,
  `change_json` mediumtext NOT NULL,
  `request_id` varchar(64) NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `site_id` varchar(40) DEFAULT NULL,
  `address` varchar(64) NOT NULL DEFAULT '',
  `via` varchar(16) NOT NULL DEFAULT '',
  `token_id` varchar(40) NOT NULL DEFAULT '',
  `user_name` varchar(64) NOT NULL DEFAULT '',
  `object_name` varchar(320) NOT NULL DEFAULT '',
  `container_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `audit_by_user_id_id` (`user_id`,`id`),
  KEY `audit_by_object_id_id` (`object_id`,`id`),
  KEY `audit_by_container_id_id` (`container_id`,`id`),
  KEY `audit_by_site_id_id` (`site_id`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `backend_health` (
  `agent_id` varchar(40) NOT NULL,
  `service_id` varchar(40) NOT NULL,
  `healthy` smallint NOT NULL,
  `error` mediumtext NOT NULL,
  `since` bigint NOT NULL,
  PRIMARY KEY (`service_id`,`agent_id`),
  KEY `backend_health_agent` (`agent_id`),
  CONSTRAINT `backend_health_agent` FOREIGN KEY (`agent_id`) REFERENCES `agents` (`id`) ON DELETE CASCADE,
  CONSTRAINT `backend_health_service` FOREIGN KEY (`service_id`) REFERENCES `services` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `certificates` (
  `id` varchar(40) NOT NULL,
  `domain_id` varchar(40) NOT NULL,
  `dns_names` mediumtext NOT NULL,
  `chain_pem` mediumtext NOT NULL,
  `key_box` mediumblob NOT NULL,
  `self_signed` smallint NOT NULL,
  `not_before` bigint NOT NULL,
  `not_after` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `name` varchar(253) NOT NULL DEFAULT '',
  `issuer` varchar(255) NOT NULL DEFAULT '',
  `serial` varchar(64) NOT NULL DEFAULT '',
  `revoked_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `certificates_by_domain_id` (`domain_id`),
  KEY `certificates_by_domain_id_name` (`domain_id`,`name`),
  CONSTRAINT `certificates_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `certificate_warnings` (
  `id` varchar(40) NOT NULL,
  `certificate_id` varchar(40) NOT NULL,
  `days` int NOT NULL,
  `body` mediumtext NOT NULL,
  `hook_state` varchar(16) NOT NULL,
  `hook_attempts` int NOT NULL,
  `hook_next_at` bigint NOT NULL,
  `hook_error` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `certificate_warnings_step` (`certificate_id`,`days`),
  CONSTRAINT `certificate_warnings_certificate` FOREIGN KEY (`certificate_id`) REFERENCES `certificates` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `commands` (
  `id` varchar(40) NOT NULL,
  `agent_id` varchar(40) NOT NULL,
  `state` varchar(16) NOT NULL,
  `payload` mediumblob NOT NULL,
  `deadline_at` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `operation_id` varchar(40) DEFAULT NULL,
  `result` mediumblob DEFAULT NULL,
  `finished_at` bigint DEFAULT NULL,
  `progress_seq` bigint NOT NULL DEFAULT 0,
  `request_id` varchar(64) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`),
  KEY `commands_by_agent_id_state` (`agent_id`,`state`),
  KEY `commands_by_operation_id` (`operation_id`),
  CONSTRAINT `commands_agent` FOREIGN KEY (`agent_id`) REFERENCES `agents` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `conditions` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `kind` varchar(64) NOT NULL,
  `severity` varchar(8) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `message` mediumtext NOT NULL,
  `since` bigint NOT NULL,
  `agent_id` varchar(40) DEFAULT NULL,
  `container_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `conditions_site` (`site_id`),
  KEY `conditions_by_agent_id` (`agent_id`),
  KEY `conditions_by_container_id` (`container_id`),
  CONSTRAINT `conditions_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `containers` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `node_id` varchar(40) NOT NULL,
  `owner_id` varchar(40) NOT NULL,
  `hostname` varchar(63) NOT NULL,
  `template` varchar(255) NOT NULL,
  `cores` int NOT NULL,
  `memory_mib` int NOT NULL,
  `disk_gib` int NOT NULL,
  `description` mediumtext NOT NULL,
  `cluster` varchar(63) NOT NULL,
  `vmid` int NOT NULL,
  `mac` varchar(17) NOT NULL,
  `address` varchar(45) NOT NULL,
  `phase` varchar(16) NOT NULL,
  `power` varchar(16) NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `active_operation_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `containers_hostname` (`site_id`,`hostname`),
  UNIQUE KEY `containers_address` (`site_id`,`address`),
  UNIQUE KEY `containers_mac` (`mac`),
  UNIQUE KEY `containers_vmid` (`cluster`,`vmid`),
  KEY `containers_by_node_id` (`node_id`),
  KEY `containers_by_created_at` (`created_at`),
  KEY `containers_by_owner_id` (`owner_id`),
  CONSTRAINT `containers_node` FOREIGN KEY (`node_id`) REFERENCES `nodes` (`id`),
  CONSTRAINT `containers_owner` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`),
  CONSTRAINT `containers_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `container_binds` (
  `container_id` varchar(40) NOT NULL,
  `secret_hash` char(64) NOT NULL,
  `rotated_at` bigint NOT NULL,
  `former_hash` char(64) DEFAULT NULL,
  `former_until` bigint DEFAULT NULL,
  `last_used_at` bigint DEFAULT NULL,
  PRIMARY KEY (`container_id`),
  CONSTRAINT `container_binds_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `container_members` (
  `id` varchar(40) NOT NULL,
  `container_id` varchar(40) NOT NULL,
  `role` varchar(16) NOT NULL,
  `created_at` bigint NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `group_id` varchar(40) DEFAULT NULL,
  `granted_by` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `container_members_user` (`container_id`,`user_id`),
  UNIQUE KEY `container_members_group` (`container_id`,`group_id`),
  KEY `container_members_by_user_id` (`user_id`),
  KEY `container_members_by_group_id` (`group_id`),
  CONSTRAINT `container_members_group_id` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE CASCADE,
  CONSTRAINT `container_members_of` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE,
  CONSTRAINT `container_members_user_id` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `counters` (
  `name` varchar(64) NOT NULL,
  `value` bigint NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `directory_changes` (
  `revision` bigint NOT NULL,
  `kind` varchar(16) NOT NULL,
  `object_id` varchar(40) NOT NULL,
  `at` bigint NOT NULL,
  PRIMARY KEY (`revision`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `dns_providers` (
  `id` varchar(40) NOT NULL,
  `name` varchar(63) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `settings` mediumtext NOT NULL,
  `check_servers` mediumtext NOT NULL,
  `last_error` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `secret_box` mediumblob DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `dns_providers_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `dns_records` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `domain_name` varchar(253) NOT NULL,
  `dns_provider_id` varchar(40) NOT NULL,
  `name` varchar(253) NOT NULL,
  `type` varchar(8) NOT NULL,
  `value` varchar(253) NOT NULL,
  `wanted` smallint NOT NULL,
  `state` varchar(16) NOT NULL,
  `problem` mediumtext NOT NULL,
  `failures` int NOT NULL,
  `next_try_at` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `record` mediumtext DEFAULT NULL,
  `leased_by` varchar(80) DEFAULT NULL,
  `leased_until` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `dns_records_name` (`name`,`type`),
  KEY `dns_records_provider` (`dns_provider_id`),
  KEY `dns_records_by_next_try_at` (`next_try_at`),
  CONSTRAINT `dns_records_provider` FOREIGN KEY (`dns_provider_id`) REFERENCES `dns_providers` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `domains` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `claim` varchar(253) NOT NULL,
  `created_at` bigint NOT NULL,
  `name` varchar(253) NOT NULL DEFAULT '',
  `owner_id` varchar(40) DEFAULT NULL,
  `access` varchar(16) NOT NULL DEFAULT 'shared',
  `verified_at` bigint DEFAULT NULL,
  `proof_token` varchar(64) NOT NULL DEFAULT '',
  `proof_checked_at` bigint DEFAULT NULL,
  `proof_error` varchar(500) NOT NULL DEFAULT '',
  `certificate_source` varchar(16) NOT NULL DEFAULT 'self_signed',
  `certificate_scope` varchar(16) NOT NULL DEFAULT 'wildcard',
  `acme_account_id` varchar(40) DEFAULT NULL,
  `challenge` varchar(16) NOT NULL DEFAULT '',
  `dns_provider_id` varchar(40) DEFAULT NULL,
  `publish_dns` smallint NOT NULL DEFAULT 0,
  `hsts_max_age` int NOT NULL DEFAULT 31536000,
  `hsts_subdomains` smallint NOT NULL DEFAULT 0,
  `hsts_preload` smallint NOT NULL DEFAULT 0,
  `oauth2_proxy_url` varchar(255) NOT NULL DEFAULT '',
  `updated_at` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `domains_name` (`claim`),
  KEY `domains_site` (`site_id`),
  KEY `domains_by_name` (`name`),
  CONSTRAINT `domains_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `domain_grants` (
  `id` varchar(40) NOT NULL,
  `domain_id` varchar(40) NOT NULL,
  `created_at` bigint NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `group_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `domain_grants_user` (`domain_id`,`user_id`),
  UNIQUE KEY `domain_grants_group` (`domain_id`,`group_id`),
  KEY `domain_grants_user_id` (`user_id`),
  KEY `domain_grants_group_id` (`group_id`),
  CONSTRAINT `domain_grants_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`) ON DELETE CASCADE,
  CONSTRAINT `domain_grants_group_id` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE CASCADE,
  CONSTRAINT `domain_grants_user_id` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `foreign_vmids` (
  `cluster` varchar(63) NOT NULL,
  `vmid` int NOT NULL,
  `seen_at` bigint NOT NULL,
  PRIMARY KEY (`cluster`,`vmid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `freed_addresses` (
  `site_id` varchar(40) NOT NULL,
  `address` varchar(45) NOT NULL,
  `freed_at` bigint NOT NULL,
  PRIMARY KEY (`site_id`,`address`),
  CONSTRAINT `freed_addresses_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `groups` (
  `id` varchar(40) NOT NULL,
  `name` varchar(32) NOT NULL,
  `gid_number` int NOT NULL,
  `description` mediumtext NOT NULL,
  `administrator` smallint NOT NULL,
  `built_in` smallint NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `groups_name` (`name`),
  UNIQUE KEY `groups_gid_number` (`gid_number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `group_members` (
  `id` varchar(40) NOT NULL,
  `group_id` varchar(40) NOT NULL,
  `created_at` bigint NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `member_group_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `group_members_user` (`group_id`,`user_id`),
  UNIQUE KEY `group_members_group` (`group_id`,`member_group_id`),
  KEY `group_members_by_user_id` (`user_id`),
  KEY `group_members_by_member_group_id` (`member_group_id`),
  CONSTRAINT `group_members_group_id` FOREIGN KEY (`member_group_id`) REFERENCES `groups` (`id`) ON DELETE CASCADE,
  CONSTRAINT `group_members_of` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE CASCADE,
  CONSTRAINT `group_members_user_id` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `guest_setup_tokens` (
  `token_hash` char(64) NOT NULL,
  `container_id` varchar(40) NOT NULL,
  `created_by` varchar(40) NOT NULL,
  `created_at` bigint NOT NULL,
  `expires_at` bigint NOT NULL,
  PRIMARY KEY (`token_hash`),
  KEY `guest_setup_tokens_container` (`container_id`),
  CONSTRAINT `guest_setup_tokens_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `guest_states` (
  `container_id` varchar(40) NOT NULL,
  `exists_on_node` smallint NOT NULL,
  `power` varchar(16) NOT NULL,
  `lock_name` varchar(32) NOT NULL,
  `uptime_seconds` bigint NOT NULL,
  `memory_bytes` bigint NOT NULL,
  `cpu_permille` int NOT NULL,
  `addresses` mediumtext NOT NULL,
  `seen_at` bigint NOT NULL,
  PRIMARY KEY (`container_id`),
  CONSTRAINT `guest_states_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `idempotency_keys` (
  `user_id` varchar(40) NOT NULL,
  `method` varchar(64) NOT NULL,
  `idempotency_key` varchar(128) NOT NULL,
  `request_hash` char(64) NOT NULL,
  `outcome` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  `expires_at` bigint NOT NULL,
  PRIMARY KEY (`user_id`,`method`,`idempotency_key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `internal_records` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `fqdn` varchar(253) NOT NULL,
  `text` varchar(255) NOT NULL,
  `created_at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `internal_records_content` (`site_id`,`fqdn`,`text`),
  CONSTRAINT `internal_records_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `join_tokens` (
  `id` varchar(40) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `roles` varchar(255) NOT NULL,
  `expires_at` bigint NOT NULL,
  `created_by` varchar(40) NOT NULL,
  `created_at` bigint NOT NULL,
  `consumed_at` bigint DEFAULT NULL,
  `key_hash` char(64) DEFAULT NULL,
  `agent_id` varchar(40) DEFAULT NULL,
  `chain_pem` mediumtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `join_tokens_hash` (`token_hash`),
  KEY `join_tokens_site` (`site_id`),
  CONSTRAINT `join_tokens_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `leases` (
  `site_id` varchar(40) NOT NULL,
  `mac` varchar(17) NOT NULL,
  `address` varchar(45) NOT NULL,
  `hostname` varchar(255) NOT NULL,
  `seen_at` bigint NOT NULL,
  `expires_at` bigint DEFAULT NULL,
  PRIMARY KEY (`site_id`,`mac`),
  KEY `leases_by_site_id_address` (`site_id`,`address`),
  CONSTRAINT `leases_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `mail_links` (
  `id` varchar(40) NOT NULL,
  `kind` varchar(32) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `email` varchar(255) NOT NULL,
  `data` mediumtext NOT NULL,
  `created_at` bigint NOT NULL,
  `expires_at` bigint NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `created_by` varchar(40) DEFAULT NULL,
  `used_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `mail_links_token` (`token_hash`),
  KEY `mail_links_user` (`user_id`),
  KEY `mail_links_by_email` (`email`),
  CONSTRAINT `mail_links_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `managed_certificates` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `domain_id` varchar(40) NOT NULL,
  `name` varchar(253) NOT NULL,
  `dns_names` mediumtext NOT NULL,
  `source` varchar(64) NOT NULL,
  `state` varchar(16) NOT NULL,
  `next_try_at` bigint NOT NULL,
  `next_try_reason` varchar(255) NOT NULL,
  `failures` int NOT NULL,
  `last_error` mediumtext NOT NULL,
  `progress` varchar(500) NOT NULL,
  `explanation_url` varchar(500) NOT NULL,
  `order_url` varchar(500) NOT NULL,
  `ari_id` varchar(255) NOT NULL,
  `ari_next_look_at` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `certificate_id` varchar(40) DEFAULT NULL,
  `last_error_at` bigint DEFAULT NULL,
  `order_key_box` mediumblob DEFAULT NULL,
  `order_started_at` bigint DEFAULT NULL,
  `leased_by` varchar(80) DEFAULT NULL,
  `leased_until` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `managed_certificates_name` (`domain_id`,`name`),
  KEY `managed_certificates_by_next_try_at` (`next_try_at`),
  CONSTRAINT `managed_certificates_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `nodes` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `name` varchar(63) NOT NULL,
  `cluster` varchar(63) NOT NULL,
  `api_url` varchar(255) NOT NULL,
  `token_id` varchar(255) NOT NULL,
  `token_secret_box` mediumblob NOT NULL,
  `ca_pem` mediumtext NOT NULL,
  `fingerprint` varchar(95) NOT NULL,
  `image_storage` varchar(100) NOT NULL,
  `volume_storage` varchar(100) NOT NULL,
  `bridge` varchar(15) NOT NULL,
  `schedulable` smallint NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `agent_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `nodes_name` (`site_id`,`name`),
  CONSTRAINT `nodes_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `nudges` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `topic` varchar(80) NOT NULL,
  `origin` varchar(40) NOT NULL,
  `at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  KEY `nudges_by_at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `oidc_identities` (
  `id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `provider_id` varchar(40) NOT NULL,
  `issuer` varchar(255) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `created_at` bigint NOT NULL,
  `last_used_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oidc_identities_subject` (`issuer`,`subject`),
  KEY `oidc_identities_provider` (`provider_id`),
  KEY `oidc_identities_by_user_id` (`user_id`),
  CONSTRAINT `oidc_identities_provider` FOREIGN KEY (`provider_id`) REFERENCES `oidc_providers` (`id`) ON DELETE CASCADE,
  CONSTRAINT `oidc_identities_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `oidc_providers` (
  `id` varchar(40) NOT NULL,
  `name` varchar(63) NOT NULL,
  `issuer` varchar(255) NOT NULL,
  `client_id` varchar(255) NOT NULL,
  `client_secret_box` mediumblob NOT NULL,
  `scopes` varchar(255) NOT NULL,
  `groups_claim` varchar(255) NOT NULL,
  `group_mapping` mediumtext NOT NULL,
  `create_users` smallint NOT NULL,
  `enabled` smallint NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `display_name` varchar(100) NOT NULL DEFAULT '',
  `new_user_status` varchar(16) NOT NULL DEFAULT 'pending',
  `may_administer` smallint NOT NULL DEFAULT 0,
  `trusted_second_factor` smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oidc_providers_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `operations` (
  `id` varchar(40) NOT NULL,
  `kind` varchar(64) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `container_id` varchar(40) NOT NULL,
  `hostname` varchar(63) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `request_id` varchar(64) NOT NULL,
  `state` varchar(16) NOT NULL,
  `data` mediumtext NOT NULL,
  `error` mediumtext NOT NULL,
  `error_reason` varchar(64) NOT NULL,
  `lease_until` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `lease_owner` varchar(40) DEFAULT NULL,
  `finished_at` bigint DEFAULT NULL,
  `lease_epoch` bigint NOT NULL DEFAULT 0,
  `log_seq` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  KEY `operations_by_state_lease_until` (`state`,`lease_until`),
  KEY `operations_by_container_id` (`container_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `operation_logs` (
  `operation_id` varchar(40) NOT NULL,
  `seq` bigint NOT NULL,
  `at` bigint NOT NULL,
  `step` varchar(64) NOT NULL,
  `text` mediumtext NOT NULL,
  PRIMARY KEY (`operation_id`,`seq`),
  CONSTRAINT `operation_logs_operation` FOREIGN KEY (`operation_id`) REFERENCES `operations` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `operation_steps` (
  `operation_id` varchar(40) NOT NULL,
  `position` int NOT NULL,
  `name` varchar(64) NOT NULL,
  `title` varchar(255) NOT NULL,
  `state` varchar(16) NOT NULL,
  `error` mediumtext NOT NULL,
  `started_at` bigint DEFAULT NULL,
  `finished_at` bigint DEFAULT NULL,
  `attempts` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`operation_id`,`position`),
  CONSTRAINT `operation_steps_operation` FOREIGN KEY (`operation_id`) REFERENCES `operations` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `outgoing_mails` (
  `id` varchar(40) NOT NULL,
  `recipient` varchar(255) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `body_box` mediumblob NOT NULL,
  `state` varchar(16) NOT NULL,
  `last_error` mediumtext NOT NULL,
  `next_attempt_at` bigint NOT NULL,
  `created_at` bigint NOT NULL,
  `sent_at` bigint DEFAULT NULL,
  `attempts` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  KEY `outgoing_mails_by_state_next_attempt_at` (`state`,`next_attempt_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `passkeys` (
  `id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `name` varchar(100) NOT NULL,
  `credential_id` varchar(512) NOT NULL,
  `public_key` mediumblob NOT NULL,
  `transports` varchar(255) NOT NULL,
  `created_at` bigint NOT NULL,
  `last_used_at` bigint DEFAULT NULL,
  `sign_count` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `passkeys_credential` (`credential_id`),
  KEY `passkeys_by_user_id` (`user_id`),
  CONSTRAINT `passkeys_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `pending_sign_ins` (
  `id` varchar(40) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `kind` varchar(32) NOT NULL,
  `data_box` mediumblob NOT NULL,
  `created_at` bigint NOT NULL,
  `expires_at` bigint NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `attempts` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `pending_sign_ins_token` (`token_hash`),
  KEY `pending_sign_ins_user` (`user_id`),
  KEY `pending_sign_ins_by_expires_at` (`expires_at`),
  CONSTRAINT `pending_sign_ins_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `rate_limits` (
  `name` varchar(160) NOT NULL,
  `updated_at` bigint NOT NULL,
  `failures` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `recovery_codes` (
  `id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `code_hash` char(64) NOT NULL,
  `used_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `recovery_codes_by_user_id` (`user_id`),
  CONSTRAINT `recovery_codes_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `services` (
  `id` varchar(40) NOT NULL,
  `container_id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `kind` varchar(8) NOT NULL,
  `internal_port` int NOT NULL,
  `backend_tls` smallint NOT NULL,
  `created_at` bigint NOT NULL,
  `domain_id` varchar(40) DEFAULT NULL,
  `external_port` int DEFAULT NULL,
  `options` mediumtext DEFAULT NULL,
  `tls` varchar(16) NOT NULL DEFAULT '',
  `sni_host` varchar(253) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`),
  UNIQUE KEY `services_port` (`site_id`,`kind`,`external_port`,`sni_host`),
  KEY `services_domain` (`domain_id`),
  KEY `services_by_container_id` (`container_id`),
  CONSTRAINT `services_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE,
  CONSTRAINT `services_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `service_names` (
  `id` varchar(40) NOT NULL,
  `service_id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `domain_id` varchar(40) NOT NULL,
  `host` varchar(253) NOT NULL,
  `path` varchar(200) NOT NULL,
  `position` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `service_names_place` (`host`,`path`),
  KEY `service_names_domain` (`domain_id`),
  KEY `service_names_by_service_id` (`service_id`),
  CONSTRAINT `service_names_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`),
  CONSTRAINT `service_names_service` FOREIGN KEY (`service_id`) REFERENCES `services` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `sessions` (
  `id` varchar(40) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `created_at` bigint NOT NULL,
  `last_used_at` bigint NOT NULL,
  `expires_at` bigint NOT NULL,
  `user_agent` varchar(255) NOT NULL,
  `address` varchar(64) NOT NULL DEFAULT '',
  `authenticated_at` bigint NOT NULL DEFAULT 0,
  `second_factor` smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `sessions_token` (`token_hash`),
  KEY `sessions_by_user_id` (`user_id`),
  CONSTRAINT `sessions_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `settings` (
  `name` varchar(64) NOT NULL,
  `value` mediumtext NOT NULL,
  `updated_at` bigint NOT NULL,
  `secret_box` mediumblob DEFAULT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `sites` (
  `id` varchar(40) NOT NULL,
  `name` varchar(63) NOT NULL,
  `internal_domain` varchar(253) NOT NULL,
  `network` varchar(18) NOT NULL,
  `range_start` varchar(15) NOT NULL,
  `range_end` varchar(15) NOT NULL,
  `gateway` varchar(15) NOT NULL,
  `dns_servers` mediumtext NOT NULL,
  `forwarders` mediumtext NOT NULL,
  `external_address` varchar(253) NOT NULL,
  `port_range_start` int NOT NULL,
  `port_range_end` int NOT NULL,
  `created_at` bigint NOT NULL,
  `updated_at` bigint NOT NULL,
  `revision` bigint NOT NULL DEFAULT 0,
  `trusted_proxies` varchar(4000) NOT NULL DEFAULT '[]',
  `proxy_protocol` smallint NOT NULL DEFAULT 0,
  `custom_domains` smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `sites_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `site_administrators` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `created_at` bigint NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `group_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `site_administrators_user` (`site_id`,`user_id`),
  UNIQUE KEY `site_administrators_group` (`site_id`,`group_id`),
  KEY `site_administrators_group_id` (`group_id`),
  KEY `site_administrators_by_user_id` (`user_id`),
  CONSTRAINT `site_administrators_group_id` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE CASCADE,
  CONSTRAINT `site_administrators_of` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE,
  CONSTRAINT `site_administrators_user_id` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `site_changes` (
  `site_id` varchar(40) NOT NULL,
  `revision` bigint NOT NULL,
  `at` bigint NOT NULL,
  `container_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`site_id`,`revision`),
  CONSTRAINT `site_changes_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `ssh_keys` (
  `id` varchar(40) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `name` varchar(100) NOT NULL,
  `key_type` varchar(64) NOT NULL,
  `public_key` mediumtext NOT NULL,
  `fingerprint` varchar(64) NOT NULL,
  `created_at` bigint NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `ssh_keys_fingerprint` (`user_id`,`fingerprint`),
  KEY `ssh_keys_by_user_id` (`user_id`),
  CONSTRAINT `ssh_keys_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `totp_factors` (
  `user_id` varchar(40) NOT NULL,
  `secret_box` mediumblob NOT NULL,
  `created_at` bigint NOT NULL,
  `confirmed_at` bigint DEFAULT NULL,
  `last_step` bigint DEFAULT NULL,
  PRIMARY KEY (`user_id`),
  CONSTRAINT `totp_factors_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `users` (
  `id` varchar(40) NOT NULL,
  `username` varchar(64) NOT NULL,
  `display_name` varchar(255) NOT NULL,
  `password_hash` varchar(255) NOT NULL,
  `status` varchar(16) NOT NULL,
  `created_at` bigint NOT NULL,
  `email` varchar(255) DEFAULT NULL,
  `uid_number` int NOT NULL DEFAULT 0,
  `email_verified` smallint NOT NULL DEFAULT 0,
  `shell` varchar(64) NOT NULL DEFAULT '/bin/bash',
  `login_totp` smallint NOT NULL DEFAULT 0,
  `password_changed_at` bigint NOT NULL DEFAULT 0,
  `last_sign_in_at` bigint NOT NULL DEFAULT 0,
  `updated_at` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `users_username` (`username`),
  UNIQUE KEY `users_uid_number` (`uid_number`),
  UNIQUE KEY `users_email` (`email`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

create trigger audit_no_delete before delete on audit for each row signal sqlstate '45000' set message_text = 'rows of audit are never changed or deleted';

create trigger audit_no_update before update on audit for each row signal sqlstate '45000' set message_text = 'rows of audit are never changed or deleted';
