/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
DROP TABLE IF EXISTS `agents`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `agents` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `name` varchar(253) NOT NULL,
  `roles` varchar(255) NOT NULL,
  `machine_id` varchar(64) NOT NULL,
  `status` varchar(16) NOT NULL,
  `certificate_serial` varchar(64) NOT NULL,
  `certificate_expires_at` bigint(20) NOT NULL,
  `version` varchar(64) NOT NULL,
  `capabilities` mediumtext NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `rejected_message` mediumtext NOT NULL DEFAULT '',
  `session_id` varchar(40) DEFAULT NULL,
  `replica_id` varchar(40) DEFAULT NULL,
  `connected_at` bigint(20) DEFAULT NULL,
  `last_seen_at` bigint(20) DEFAULT NULL,
  `epoch` bigint(20) NOT NULL DEFAULT 0,
  `desired_generation` bigint(20) NOT NULL DEFAULT 0,
  `sent_generation` bigint(20) NOT NULL DEFAULT 0,
  `acked_generation` bigint(20) NOT NULL DEFAULT 0,
  `running_generation` bigint(20) NOT NULL DEFAULT 0,
  `rejected_generation` bigint(20) NOT NULL DEFAULT 0,
  `acked_lease_seq` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  KEY `agents_by_site_id` (`site_id`),
  CONSTRAINT `agents_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `agents` DISABLE KEYS */;
INSERT INTO `agents` VALUES ('agt-01hf7yat005f1fymbwtayqmdm7','sit-01hf7yat004gvd0gp5zwbdpvs4','proxmox1','[\"proxmox\"]','abababababababababababababababab','active','01',1700086400000,'','[]',1700000000000,'','session',NULL,NULL,NULL,0,1,1,0,1,0,0);
INSERT INTO `agents` VALUES ('agt-01hf7yat009nnkgpq5qwk4ty8y','sit-01hf7yat004gvd0gp5zwbdpvs4','nginx1','[\"nginx\"]','abababababababababababababababab','active','01',1700086400000,'','[]',1700000000000,'','session',NULL,NULL,NULL,0,1,1,0,1,0,0);
INSERT INTO `agents` VALUES ('agt-01hf7yat00vndqprjcmwm25kx7','sit-01hf7yat004gvd0gp5zwbdpvs4','dnsmasq1','[\"dnsmasq\"]','abababababababababababababababab','active','01',1700086400000,'','[]',1700000000000,'','session',NULL,NULL,NULL,0,1,1,0,1,0,0);
/*!40000 ALTER TABLE `agents` ENABLE KEYS */;
DROP TABLE IF EXISTS `audit`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `audit` (
  `id` varchar(40) NOT NULL,
  `at` bigint(20) NOT NULL,
  `action` varchar(64) NOT NULL,
  `object_kind` varchar(32) NOT NULL,
  `object_id` varchar(40) NOT NULL,
  `change_json` mediumtext NOT NULL,
  `request_id` varchar(40) NOT NULL,
  `user_id` varchar(40) DEFAULT NULL,
  `site_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `audit_by_at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `audit` DISABLE KEYS */;
INSERT INTO `audit` VALUES ('aud-01hf7yat0072nsf2x491n5egew',1700000000000,'user.first-administrator','user','usr-01hf7yat006gharmxtz7scwkga','{\"username\":\"root\"}','req-01hf7yat006m7fzh3w0daq42z8','usr-01hf7yat006gharmxtz7scwkga',NULL);
INSERT INTO `audit` VALUES ('aud-01hf7yat00b0rg2m2whvqjfe66',1700000000000,'session.open','user','usr-01hf7yat005ngxfv5f09fj5cyt','{}','req-01hf7yat00s5h0xqdxkns48hv8','usr-01hf7yat005ngxfv5f09fj5cyt',NULL);
INSERT INTO `audit` VALUES ('aud-01hf7yat00bj1pspys74xp8vhb',1700000000000,'container.create','container','ctr-01hf7yat002ejtjknfvrsg1k7y','{\"hostname\":\"web1\",\"template\":\"debian-12\",\"cores\":4,\"memoryMib\":4096,\"diskGib\":50,\"description\":\"\",\"services\":[{\"kind\":\"http\",\"internalPort\":80,\"host\":\"web1.apps.lab\",\"backendTls\":false,\"externalPort\":0},{\"kind\":\"tcp\",\"internalPort\":22,\"host\":\"\",\"backendTls\":false,\"externalPort\":0},{\"kind\":\"udp\",\"internalPort\":53,\"host\":\"\",\"backendTls\":false,\"externalPort\":0}],\"node\":\"pve1\",\"vmid\":100,\"mac\":\"bc:24:11:82:87:9b\",\"address\":\"10.64.1.0\"}','req-01hf7yat00x7qjxhez6eftbgxj','usr-01hf7yat005ngxfv5f09fj5cyt','sit-01hf7yat004gvd0gp5zwbdpvs4');
/*!40000 ALTER TABLE `audit` ENABLE KEYS */;
DROP TABLE IF EXISTS `certificates`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `certificates` (
  `id` varchar(40) NOT NULL,
  `domain_id` varchar(40) NOT NULL,
  `dns_names` mediumtext NOT NULL,
  `chain_pem` mediumtext NOT NULL,
  `key_box` mediumblob NOT NULL,
  `self_signed` smallint(6) NOT NULL,
  `not_before` bigint(20) NOT NULL,
  `not_after` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `certificates_by_domain_id` (`domain_id`),
  CONSTRAINT `certificates_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `certificates` DISABLE KEYS */;
/*!40000 ALTER TABLE `certificates` ENABLE KEYS */;
DROP TABLE IF EXISTS `commands`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `commands` (
  `id` varchar(40) NOT NULL,
  `agent_id` varchar(40) NOT NULL,
  `state` varchar(16) NOT NULL,
  `payload` mediumblob NOT NULL,
  `deadline_at` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `operation_id` varchar(40) DEFAULT NULL,
  `result` mediumblob DEFAULT NULL,
  `finished_at` bigint(20) DEFAULT NULL,
  `progress_seq` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  KEY `commands_by_agent_id_state` (`agent_id`,`state`),
  KEY `commands_by_operation_id` (`operation_id`),
  CONSTRAINT `commands_agent` FOREIGN KEY (`agent_id`) REFERENCES `agents` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `commands` DISABLE KEYS */;
INSERT INTO `commands` VALUES ('cmd-01hf7yat000bawrgbee7rfxtwz','agt-01hf7yat005f1fymbwtayqmdm7','done',0x0A1E636D642D303168663779617430303062617772676265653772667874777A22060884E9CFAA0652770A410A047076653110641A0477656231221162633A32343A31313A38323A38373A39622A1E6374722D3031686637796174303032656A746A6B6E6676727367316B3779120964656269616E2D3132180420802028800430323A056C6F63616C42096C6F63616C2D6C766D4A05766D627230500158016001,1700000900000,1700000000000,'opn-01hf7yat00tcd5hyctr0pn64h3',0x0A1E636D642D303168663779617430303062617772676265653772667874777A120E120C0A0470766531106418012002,1700000000000,0);
INSERT INTO `commands` VALUES ('cmd-01hf7yaw7wmx2x51b0qtx54472','agt-01hf7yat005f1fymbwtayqmdm7','done',0x0A1E636D642D303168663779617737776D783278353162307174783534343732220C08AEE4CFAA061080CAB5EE015A430A410A047076653110641A0477656231221162633A32343A31313A38323A38373A39622A1E6374722D3031686637796174303032656A746A6B6E6676727367316B3779,1700000302500,1700000002500,'opn-01hf7yat00tcd5hyctr0pn64h3',0x0A1E636D642D303168663779617737776D783278353162307174783534343732120E120C0A0470766531106418012001,1700000006000,0);
INSERT INTO `commands` VALUES ('cmd-01hf7ybfz47mwpe8y9qmndf7wv','agt-01hf7yat009nnkgpq5qwk4ty8y','done',0x0A1E636D642D30316866377962667A34376D777065387939716D6E6466377776220C08D2E2CFAA061080CAB5EE01A201220A0D776562312E617070732E6C61621A0D0A0931302E36342E312E30105020A09C01,1700000082500,1700000022500,'opn-01hf7yat00tcd5hyctr0pn64h3',0x0A1E636D642D30316866377962667A34376D777065387939716D6E646637777612061A0408011803,1700000026000,0);
INSERT INTO `commands` VALUES ('cmd-01hf7ybmvc1435k73kjz9141a1','agt-01hf7yat009nnkgpq5qwk4ty8y','done',0x0A1E636D642D303168663779626D7663313433356B37336B6A7A393134316131220C08D7E2CFAA061080CAB5EE01A2011610D00F1A0D0A0931302E36342E312E30101620A09C01,1700000087500,1700000027500,'opn-01hf7yat00tcd5hyctr0pn64h3',0x0A1E636D642D303168663779626D7663313433356B37336B6A7A39313431613112061A0408011803,1700000032500,0);
/*!40000 ALTER TABLE `commands` ENABLE KEYS */;
DROP TABLE IF EXISTS `conditions`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `conditions` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `kind` varchar(64) NOT NULL,
  `severity` varchar(8) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `message` mediumtext NOT NULL,
  `since` bigint(20) NOT NULL,
  `agent_id` varchar(40) DEFAULT NULL,
  `container_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `conditions_site` (`site_id`),
  KEY `conditions_by_agent_id` (`agent_id`),
  KEY `conditions_by_container_id` (`container_id`),
  CONSTRAINT `conditions_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `conditions` DISABLE KEYS */;
/*!40000 ALTER TABLE `conditions` ENABLE KEYS */;
DROP TABLE IF EXISTS `containers`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `containers` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `node_id` varchar(40) NOT NULL,
  `owner_id` varchar(40) NOT NULL,
  `hostname` varchar(63) NOT NULL,
  `template` varchar(255) NOT NULL,
  `cores` int(11) NOT NULL,
  `memory_mib` int(11) NOT NULL,
  `disk_gib` int(11) NOT NULL,
  `description` mediumtext NOT NULL,
  `cluster` varchar(63) NOT NULL,
  `vmid` int(11) NOT NULL,
  `mac` varchar(17) NOT NULL,
  `address` varchar(45) NOT NULL,
  `phase` varchar(16) NOT NULL,
  `power` varchar(16) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `active_operation_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `containers_hostname` (`site_id`,`hostname`),
  UNIQUE KEY `containers_address` (`site_id`,`address`),
  UNIQUE KEY `containers_mac` (`mac`),
  UNIQUE KEY `containers_vmid` (`cluster`,`vmid`),
  KEY `containers_owner` (`owner_id`),
  KEY `containers_by_node_id` (`node_id`),
  KEY `containers_by_created_at` (`created_at`),
  CONSTRAINT `containers_node` FOREIGN KEY (`node_id`) REFERENCES `nodes` (`id`),
  CONSTRAINT `containers_owner` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`),
  CONSTRAINT `containers_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `containers` DISABLE KEYS */;
INSERT INTO `containers` VALUES ('ctr-01hf7yat002ejtjknfvrsg1k7y','sit-01hf7yat004gvd0gp5zwbdpvs4','nod-01hf7yat00w634y3xwzry03y6m','usr-01hf7yat005ngxfv5f09fj5cyt','web1','debian-12',4,4096,50,'','pve1',100,'bc:24:11:82:87:9b','10.64.1.0','ready','running',1700000000000,1700000036500,NULL);
/*!40000 ALTER TABLE `containers` ENABLE KEYS */;
DROP TABLE IF EXISTS `domains`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `domains` (
  `id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `name` varchar(253) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `domains_name` (`name`),
  KEY `domains_site` (`site_id`),
  CONSTRAINT `domains_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `domains` DISABLE KEYS */;
INSERT INTO `domains` VALUES ('dom-01hf7yat00r4sydpg8kc7nwrza','sit-01hf7yat004gvd0gp5zwbdpvs4','apps.lab',1700000000000);
/*!40000 ALTER TABLE `domains` ENABLE KEYS */;
DROP TABLE IF EXISTS `foreign_vmids`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `foreign_vmids` (
  `cluster` varchar(63) NOT NULL,
  `vmid` int(11) NOT NULL,
  `seen_at` bigint(20) NOT NULL,
  PRIMARY KEY (`cluster`,`vmid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `foreign_vmids` DISABLE KEYS */;
/*!40000 ALTER TABLE `foreign_vmids` ENABLE KEYS */;
DROP TABLE IF EXISTS `freed_addresses`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `freed_addresses` (
  `site_id` varchar(40) NOT NULL,
  `address` varchar(45) NOT NULL,
  `freed_at` bigint(20) NOT NULL,
  PRIMARY KEY (`site_id`,`address`),
  CONSTRAINT `freed_addresses_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `freed_addresses` DISABLE KEYS */;
/*!40000 ALTER TABLE `freed_addresses` ENABLE KEYS */;
DROP TABLE IF EXISTS `guest_states`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `guest_states` (
  `container_id` varchar(40) NOT NULL,
  `exists_on_node` smallint(6) NOT NULL,
  `power` varchar(16) NOT NULL,
  `lock_name` varchar(32) NOT NULL,
  `uptime_seconds` bigint(20) NOT NULL,
  `memory_bytes` bigint(20) NOT NULL,
  `cpu_permille` int(11) NOT NULL,
  `addresses` mediumtext NOT NULL,
  `seen_at` bigint(20) NOT NULL,
  PRIMARY KEY (`container_id`),
  CONSTRAINT `guest_states_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `guest_states` DISABLE KEYS */;
INSERT INTO `guest_states` VALUES ('ctr-01hf7yat002ejtjknfvrsg1k7y',1,'running','',0,0,0,'[]',1700000007500);
/*!40000 ALTER TABLE `guest_states` ENABLE KEYS */;
DROP TABLE IF EXISTS `idempotency_keys`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `idempotency_keys` (
  `user_id` varchar(40) NOT NULL,
  `method` varchar(64) NOT NULL,
  `idempotency_key` varchar(128) NOT NULL,
  `request_hash` char(64) NOT NULL,
  `outcome` mediumtext NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  PRIMARY KEY (`user_id`,`method`,`idempotency_key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `idempotency_keys` DISABLE KEYS */;
/*!40000 ALTER TABLE `idempotency_keys` ENABLE KEYS */;
DROP TABLE IF EXISTS `join_tokens`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `join_tokens` (
  `id` varchar(40) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `roles` varchar(255) NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  `created_by` varchar(40) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `consumed_at` bigint(20) DEFAULT NULL,
  `key_hash` char(64) DEFAULT NULL,
  `agent_id` varchar(40) DEFAULT NULL,
  `chain_pem` mediumtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `join_tokens_hash` (`token_hash`),
  KEY `join_tokens_site` (`site_id`),
  CONSTRAINT `join_tokens_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `join_tokens` DISABLE KEYS */;
/*!40000 ALTER TABLE `join_tokens` ENABLE KEYS */;
DROP TABLE IF EXISTS `kysely_migration`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `kysely_migration` (
  `name` varchar(255) NOT NULL,
  `timestamp` varchar(255) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `kysely_migration` DISABLE KEYS */;
INSERT INTO `kysely_migration` VALUES ('0001-initial','2026-11-24T18:10:16.897Z');
/*!40000 ALTER TABLE `kysely_migration` ENABLE KEYS */;
DROP TABLE IF EXISTS `kysely_migration_lock`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `kysely_migration_lock` (
  `id` varchar(255) NOT NULL,
  `is_locked` int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `kysely_migration_lock` DISABLE KEYS */;
INSERT INTO `kysely_migration_lock` VALUES ('migration_lock',0);
/*!40000 ALTER TABLE `kysely_migration_lock` ENABLE KEYS */;
DROP TABLE IF EXISTS `leases`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `leases` (
  `site_id` varchar(40) NOT NULL,
  `mac` varchar(17) NOT NULL,
  `address` varchar(45) NOT NULL,
  `hostname` varchar(255) NOT NULL,
  `seen_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`site_id`,`mac`),
  KEY `leases_by_site_id_address` (`site_id`,`address`),
  CONSTRAINT `leases_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `leases` DISABLE KEYS */;
INSERT INTO `leases` VALUES ('sit-01hf7yat004gvd0gp5zwbdpvs4','bc:24:11:82:87:9b','10.64.1.0','web1',1700000004650,1700003604650);
/*!40000 ALTER TABLE `leases` ENABLE KEYS */;
DROP TABLE IF EXISTS `nodes`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
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
  `schedulable` smallint(6) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `agent_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `nodes_name` (`site_id`,`name`),
  CONSTRAINT `nodes_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `nodes` DISABLE KEYS */;
INSERT INTO `nodes` VALUES ('nod-01hf7yat00w634y3xwzry03y6m','sit-01hf7yat004gvd0gp5zwbdpvs4','pve1','pve1','https://10.65.0.2:8006','berth@pve!agent',0x015C5BA03A1B7AFFC23217FC9FDCDC16B181513095786C334E98B32CB3B50FF1C426E5C92E082C0DB6CA0D3853776B92A4B276865DA5B651ACC367A9182DD9859C,'','','local','local-lvm','vmbr0',1,1700000000000,1700000000000,NULL);
/*!40000 ALTER TABLE `nodes` ENABLE KEYS */;
DROP TABLE IF EXISTS `nudges`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `nudges` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `topic` varchar(80) NOT NULL,
  `origin` varchar(40) NOT NULL,
  `at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `nudges_by_at` (`at`)
) ENGINE=InnoDB AUTO_INCREMENT=46 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `nudges` DISABLE KEYS */;
INSERT INTO `nudges` VALUES (1,'agent/agt-01hf7yat009nnkgpq5qwk4ty8y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543816920);
INSERT INTO `nudges` VALUES (2,'agent/agt-01hf7yat00vndqprjcmwm25kx7','ce42f030-d9ef-48af-908a-059de62e29d6',1795543816920);
INSERT INTO `nudges` VALUES (3,'agent/agt-01hf7yat005f1fymbwtayqmdm7','ce42f030-d9ef-48af-908a-059de62e29d6',1795543816920);
INSERT INTO `nudges` VALUES (4,'site/sit-01hf7yat004gvd0gp5zwbdpvs4','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817388);
INSERT INTO `nudges` VALUES (5,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817388);
INSERT INTO `nudges` VALUES (6,'container/ctr-01hf7yat002ejtjknfvrsg1k7y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817388);
INSERT INTO `nudges` VALUES (7,'agent/agt-01hf7yat005f1fymbwtayqmdm7','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817418);
INSERT INTO `nudges` VALUES (8,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817456);
INSERT INTO `nudges` VALUES (9,'agent/agt-01hf7yat009nnkgpq5qwk4ty8y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817525);
INSERT INTO `nudges` VALUES (10,'agent/agt-01hf7yat00vndqprjcmwm25kx7','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817566);
INSERT INTO `nudges` VALUES (11,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817626);
INSERT INTO `nudges` VALUES (12,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817649);
INSERT INTO `nudges` VALUES (13,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817683);
INSERT INTO `nudges` VALUES (14,'agent/agt-01hf7yat005f1fymbwtayqmdm7','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817720);
INSERT INTO `nudges` VALUES (15,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817720);
INSERT INTO `nudges` VALUES (16,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817793);
INSERT INTO `nudges` VALUES (17,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817810);
INSERT INTO `nudges` VALUES (18,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817819);
INSERT INTO `nudges` VALUES (19,'agent/agt-01hf7yat005f1fymbwtayqmdm7','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817883);
INSERT INTO `nudges` VALUES (20,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817883);
INSERT INTO `nudges` VALUES (21,'container/ctr-01hf7yat002ejtjknfvrsg1k7y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817905);
INSERT INTO `nudges` VALUES (22,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817916);
INSERT INTO `nudges` VALUES (23,'container/ctr-01hf7yat002ejtjknfvrsg1k7y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817931);
INSERT INTO `nudges` VALUES (24,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817931);
INSERT INTO `nudges` VALUES (25,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817939);
INSERT INTO `nudges` VALUES (26,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817948);
INSERT INTO `nudges` VALUES (27,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817955);
INSERT INTO `nudges` VALUES (28,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817970);
INSERT INTO `nudges` VALUES (29,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543817990);
INSERT INTO `nudges` VALUES (30,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818001);
INSERT INTO `nudges` VALUES (31,'agent/agt-01hf7yat009nnkgpq5qwk4ty8y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818028);
INSERT INTO `nudges` VALUES (32,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818028);
INSERT INTO `nudges` VALUES (33,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818051);
INSERT INTO `nudges` VALUES (34,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818064);
INSERT INTO `nudges` VALUES (35,'agent/agt-01hf7yat009nnkgpq5qwk4ty8y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818070);
INSERT INTO `nudges` VALUES (36,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818070);
INSERT INTO `nudges` VALUES (37,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818119);
INSERT INTO `nudges` VALUES (38,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818125);
INSERT INTO `nudges` VALUES (39,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818133);
INSERT INTO `nudges` VALUES (40,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818146);
INSERT INTO `nudges` VALUES (41,'container/ctr-01hf7yat002ejtjknfvrsg1k7y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818194);
INSERT INTO `nudges` VALUES (42,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818194);
INSERT INTO `nudges` VALUES (43,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818208);
INSERT INTO `nudges` VALUES (44,'container/ctr-01hf7yat002ejtjknfvrsg1k7y','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818226);
INSERT INTO `nudges` VALUES (45,'operation/opn-01hf7yat00tcd5hyctr0pn64h3','ce42f030-d9ef-48af-908a-059de62e29d6',1795543818226);
/*!40000 ALTER TABLE `nudges` ENABLE KEYS */;
DROP TABLE IF EXISTS `operation_logs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `operation_logs` (
  `operation_id` varchar(40) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `at` bigint(20) NOT NULL,
  `step` varchar(64) NOT NULL,
  `text` mediumtext NOT NULL,
  PRIMARY KEY (`operation_id`,`seq`),
  CONSTRAINT `operation_logs_operation` FOREIGN KEY (`operation_id`) REFERENCES `operations` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `operation_logs` DISABLE KEYS */;
INSERT INTO `operation_logs` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',1,1700000026500,'probe','web1.apps.lab answered through nginx1 in 3 ms.');
INSERT INTO `operation_logs` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',2,1700000033650,'probe','port 2000 answered through nginx1 in 3 ms.');
/*!40000 ALTER TABLE `operation_logs` ENABLE KEYS */;
DROP TABLE IF EXISTS `operation_steps`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `operation_steps` (
  `operation_id` varchar(40) NOT NULL,
  `position` int(11) NOT NULL,
  `name` varchar(64) NOT NULL,
  `title` varchar(255) NOT NULL,
  `state` varchar(16) NOT NULL,
  `error` mediumtext NOT NULL,
  `started_at` bigint(20) DEFAULT NULL,
  `finished_at` bigint(20) DEFAULT NULL,
  `attempts` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`operation_id`,`position`),
  CONSTRAINT `operation_steps_operation` FOREIGN KEY (`operation_id`) REFERENCES `operations` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `operation_steps` DISABLE KEYS */;
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',0,'reserve','Reserve node, VMID, address, name and ports','done','',1700000000000,1700000000000,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',1,'await-name','Have the name and the address known to dnsmasq','done','',1700000000000,1700000000000,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',2,'create-guest','Create the guest from its template','done','',1700000000000,1700000000500,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',3,'start-guest','Start the guest','done','',1700000000500,1700000011000,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',4,'await-lease','See the guest take its address','done','',1700000013500,1700000015000,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',5,'await-routes','Have its routes served by nginx','done','',1700000015500,1700000017650,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',6,'probe','Reach the guest through nginx','done','',1700000019000,1700000034450,1);
INSERT INTO `operation_steps` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3',7,'finish','Hand it over','done','',1700000035450,1700000037650,1);
/*!40000 ALTER TABLE `operation_steps` ENABLE KEYS */;
DROP TABLE IF EXISTS `operations`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `operations` (
  `id` varchar(40) NOT NULL,
  `kind` varchar(64) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `container_id` varchar(40) NOT NULL,
  `hostname` varchar(63) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `request_id` varchar(40) NOT NULL,
  `state` varchar(16) NOT NULL,
  `data` mediumtext NOT NULL,
  `error` mediumtext NOT NULL,
  `error_reason` varchar(64) NOT NULL,
  `lease_until` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `lease_owner` varchar(40) DEFAULT NULL,
  `finished_at` bigint(20) DEFAULT NULL,
  `lease_epoch` bigint(20) NOT NULL DEFAULT 0,
  `log_seq` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  KEY `operations_by_state_lease_until` (`state`,`lease_until`),
  KEY `operations_by_container_id` (`container_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `operations` DISABLE KEYS */;
INSERT INTO `operations` VALUES ('opn-01hf7yat00tcd5hyctr0pn64h3','container.create','sit-01hf7yat004gvd0gp5zwbdpvs4','ctr-01hf7yat002ejtjknfvrsg1k7y','web1','usr-01hf7yat005ngxfv5f09fj5cyt','req-01hf7yat00x7qjxhez6eftbgxj','succeeded','{\"reservedRevision\":1,\"guestMayExist\":true,\"commands\":{\"create-guest\":\"cmd-01hf7yat000bawrgbee7rfxtwz\",\"start-guest\":\"cmd-01hf7yaw7wmx2x51b0qtx54472\",\"probe agt-01hf7yat009nnkgpq5qwk4ty8y svc-01hf7yat001pkkhkqpxhagnaej\":\"cmd-01hf7ybfz47mwpe8y9qmndf7wv\",\"probe agt-01hf7yat009nnkgpq5qwk4ty8y svc-01hf7yat01ft1yz378gnzn2cpk\":\"cmd-01hf7ybmvc1435k73kjz9141a1\"}}','','',1700000055000,1700000000000,NULL,1700000040000,1,2);
/*!40000 ALTER TABLE `operations` ENABLE KEYS */;
DROP TABLE IF EXISTS `services`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `services` (
  `id` varchar(40) NOT NULL,
  `container_id` varchar(40) NOT NULL,
  `site_id` varchar(40) NOT NULL,
  `kind` varchar(8) NOT NULL,
  `internal_port` int(11) NOT NULL,
  `backend_tls` smallint(6) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `host` varchar(253) DEFAULT NULL,
  `domain_id` varchar(40) DEFAULT NULL,
  `external_port` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `services_host` (`host`),
  UNIQUE KEY `services_port` (`site_id`,`kind`,`external_port`),
  KEY `services_domain` (`domain_id`),
  KEY `services_by_container_id` (`container_id`),
  CONSTRAINT `services_container` FOREIGN KEY (`container_id`) REFERENCES `containers` (`id`) ON DELETE CASCADE,
  CONSTRAINT `services_domain` FOREIGN KEY (`domain_id`) REFERENCES `domains` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `services` DISABLE KEYS */;
INSERT INTO `services` VALUES ('svc-01hf7yat001pkkhkqpxhagnaej','ctr-01hf7yat002ejtjknfvrsg1k7y','sit-01hf7yat004gvd0gp5zwbdpvs4','http',80,0,1700000000000,'web1.apps.lab','dom-01hf7yat00r4sydpg8kc7nwrza',NULL);
INSERT INTO `services` VALUES ('svc-01hf7yat01ft1yz378gnzn2cpk','ctr-01hf7yat002ejtjknfvrsg1k7y','sit-01hf7yat004gvd0gp5zwbdpvs4','tcp',22,0,1700000000000,NULL,NULL,2000);
INSERT INTO `services` VALUES ('svc-01hf7yat02vm4w5qcphsdhsxhk','ctr-01hf7yat002ejtjknfvrsg1k7y','sit-01hf7yat004gvd0gp5zwbdpvs4','udp',53,0,1700000000000,NULL,NULL,2000);
/*!40000 ALTER TABLE `services` ENABLE KEYS */;
DROP TABLE IF EXISTS `sessions`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `sessions` (
  `id` varchar(40) NOT NULL,
  `token_hash` char(64) NOT NULL,
  `user_id` varchar(40) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `last_used_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) NOT NULL,
  `user_agent` varchar(255) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `sessions_token` (`token_hash`),
  KEY `sessions_by_user_id` (`user_id`),
  CONSTRAINT `sessions_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `sessions` DISABLE KEYS */;
INSERT INTO `sessions` VALUES ('ses-01hf7yat00h6wx74c0rfw93jzw','48b9da6dac26eec7a1d270e9f12bd6d38aecee29864f772435f1103039ee1941','usr-01hf7yat005ngxfv5f09fj5cyt',1700000000000,1700000000000,1702592000000,'test');
INSERT INTO `sessions` VALUES ('ses-01hf7yat00mnx3mm0gzs9kzdz7','c36e7a0bbc7b6e551b1c9901d720529fc699e85ff499d3167a052fa37569ad80','usr-01hf7yat006gharmxtz7scwkga',1700000000000,1700000000000,1702592000000,'connect-es/2.2.0');
INSERT INTO `sessions` VALUES ('ses-01hf7yat00prmkzf84r39xq0gd','87e109bdd6ade615da076da09aa691615223363e8a4d2c9188c9d712ece6f899','usr-01hf7yat005ngxfv5f09fj5cyt',1700000000000,1700000000000,1702592000000,'connect-es/2.2.0');
/*!40000 ALTER TABLE `sessions` ENABLE KEYS */;
DROP TABLE IF EXISTS `settings`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `settings` (
  `name` varchar(64) NOT NULL,
  `value` mediumtext NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `secret_box` mediumblob DEFAULT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `settings` DISABLE KEYS */;
INSERT INTO `settings` VALUES ('secrets.check','',1700000000000,0x0164DD595917FF71B9A153EFFE06DDFE15353FDB3E84EA5755E0F0BEAEAF54F2B32A);
/*!40000 ALTER TABLE `settings` ENABLE KEYS */;
DROP TABLE IF EXISTS `site_changes`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `site_changes` (
  `site_id` varchar(40) NOT NULL,
  `revision` bigint(20) NOT NULL,
  `at` bigint(20) NOT NULL,
  `container_id` varchar(40) DEFAULT NULL,
  PRIMARY KEY (`site_id`,`revision`),
  CONSTRAINT `site_changes_site` FOREIGN KEY (`site_id`) REFERENCES `sites` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `site_changes` DISABLE KEYS */;
INSERT INTO `site_changes` VALUES ('sit-01hf7yat004gvd0gp5zwbdpvs4',1,1700000000000,'ctr-01hf7yat002ejtjknfvrsg1k7y');
/*!40000 ALTER TABLE `site_changes` ENABLE KEYS */;
DROP TABLE IF EXISTS `sites`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
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
  `port_range_start` int(11) NOT NULL,
  `port_range_end` int(11) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  `revision` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `sites_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `sites` DISABLE KEYS */;
INSERT INTO `sites` VALUES ('sit-01hf7yat004gvd0gp5zwbdpvs4','lab','lab.internal','10.64.0.0/22','10.64.1.0','10.64.3.254','10.64.0.1','[]','[]','10.66.0.1',2000,2999,1700000000000,1700000000000,1);
/*!40000 ALTER TABLE `sites` ENABLE KEYS */;
DROP TABLE IF EXISTS `users`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `users` (
  `id` varchar(40) NOT NULL,
  `username` varchar(64) NOT NULL,
  `display_name` varchar(255) NOT NULL,
  `password_hash` varchar(255) NOT NULL,
  `administrator` smallint(6) NOT NULL,
  `status` varchar(16) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `email` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `users_username` (`username`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` VALUES ('usr-01hf7yat0051fd11cazvvh9826','sam','sam','$argon2id$v=19$m=19456,t=2,p=1$RB/AhVKuXXk6ZmpZtYUQ3g$6KfsN4fyDqAvAKXoo5c2zyCgoEcS6Qi9gVG1poVUh+Y',0,'suspended',1700000000000,'sam@example.org');
INSERT INTO `users` VALUES ('usr-01hf7yat005ngxfv5f09fj5cyt','olga','olga','$argon2id$v=19$m=19456,t=2,p=1$RB/AhVKuXXk6ZmpZtYUQ3g$6KfsN4fyDqAvAKXoo5c2zyCgoEcS6Qi9gVG1poVUh+Y',0,'active',1700000000000,NULL);
INSERT INTO `users` VALUES ('usr-01hf7yat006gharmxtz7scwkga','root','root','$argon2id$v=19$m=19456,t=2,p=1$5SeSn1BgwJdHzAilZnhMpA$CoNmEbMDrcgfBov/6gwIs0gMYtxBud3iHqU3n9Aknjg',1,'active',1700000000000,NULL);
INSERT INTO `users` VALUES ('usr-01hf7yat00m5407jnhyw1865p2','ada','ada','$argon2id$v=19$m=19456,t=2,p=1$RB/AhVKuXXk6ZmpZtYUQ3g$6KfsN4fyDqAvAKXoo5c2zyCgoEcS6Qi9gVG1poVUh+Y',1,'active',1700000000000,NULL);
/*!40000 ALTER TABLE `users` ENABLE KEYS */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

