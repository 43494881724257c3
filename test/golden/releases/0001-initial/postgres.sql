SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.agents (
    id character varying(40) NOT NULL,
    site_id character varying(40) NOT NULL,
    name character varying(253) NOT NULL,
    roles character varying(255) NOT NULL,
    machine_id character varying(64) NOT NULL,
    status character varying(16) NOT NULL,
    certificate_serial character varying(64) NOT NULL,
    certificate_expires_at bigint NOT NULL,
    version character varying(64) NOT NULL,
    capabilities text NOT NULL,
    created_at bigint NOT NULL,
    rejected_message text DEFAULT ''::text NOT NULL,
    session_id character varying(40),
    replica_id character varying(40),
    connected_at bigint,
    last_seen_at bigint,
    epoch bigint DEFAULT 0 NOT NULL,
    desired_generation bigint DEFAULT 0 NOT NULL,
    sent_generation bigint DEFAULT 0 NOT NULL,
    acked_generation bigint DEFAULT 0 NOT NULL,
    running_generation bigint DEFAULT 0 NOT NULL,
    rejected_generation bigint DEFAULT 0 NOT NULL,
    acked_lease_seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.audit (
    id character varying(40) NOT NULL,
    at bigint NOT NULL,
    action character varying(64) NOT NULL,
    object_kind character varying(32) NOT NULL,
    object_id character varying(40) NOT NULL,
    change_json text NOT NULL,
    request_id character varying(40) NOT NULL,
    user_id character varying(40),
    site_id character varying(40)
);

CREATE TABLE public.certificates (
    id character varying(40) NOT NULL,
    domain_id character varying(40) NOT NULL,
    dns_names text NOT NULL,
    chain_pem text NOT NULL,
    key_box bytea NOT NULL,
    self_signed smallint NOT NULL,
    not_before bigint NOT NULL,
    not_after bigint NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE public.commands (
    id character varying(40) NOT NULL,
    agent_id character varying(40) NOT NULL,
    state character varying(16) NOT NULL,
    payload bytea NOT NULL,
    deadline_at bigint NOT NULL,
    created_at bigint NOT NULL,
    operation_id character varying(40),
    result bytea,
    finished_at bigint,
    progress_seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.conditions (
    id character varying(40) NOT NULL,
    site_id character varying(40) NOT NULL,
    kind character varying(64) NOT NULL,
    severity character varying(8) NOT NULL,
    subject character varying(255) NOT NULL,
    message text NOT NULL,
    since bigint NOT NULL,
    agent_id character varying(40),
    container_id character varying(40)
);

CREATE TABLE public.containers (
    id character varying(40) NOT NULL,
    site_id character varying(40) NOT NULL,
    node_id character varying(40) NOT NULL,
    owner_id character varying(40) NOT NULL,
    hostname character varying(63) NOT NULL,
    template character varying(255) NOT NULL,
    cores integer NOT NULL,
    memory_mib integer NOT NULL,
    disk_gib integer NOT NULL,
    description text NOT NULL,
    cluster character varying(63) NOT NULL,
    vmid integer NOT NULL,
    mac character varying(17) NOT NULL,
    address character varying(45) NOT NULL,
    phase character varying(16) NOT NULL,
    power character varying(16) NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    active_operation_id character varying(40)
);

CREATE TABLE public.domains (
    id character varying(40) NOT NULL,
    site_id character varying(40) NOT NULL,
    name character varying(253) NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE public.foreign_vmids (
    cluster character varying(63) NOT NULL,
    vmid integer NOT NULL,
    seen_at bigint NOT NULL
);

CREATE TABLE public.freed_addresses (
    site_id character varying(40) NOT NULL,
    address character varying(45) NOT NULL,
    freed_at bigint NOT NULL
);

CREATE TABLE public.guest_states (
    container_id character varying(40) NOT NULL,
    exists_on_node smallint NOT NULL,
    power character varying(16) NOT NULL,
    lock_name character varying(32) NOT NULL,
    uptime_seconds bigint NOT NULL,
    memory_bytes bigint NOT NULL,
    cpu_permille integer NOT NULL,
    addresses text NOT NULL,
    seen_at bigint NOT NULL
);

CREATE TABLE public.idempotency_keys (
    user_id character varying(40) NOT NULL,
    method character varying(64) NOT NULL,
    idempotency_key character varying(128) NOT NULL,
    request_hash character(64) NOT NULL,
    outcome text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE public.join_tokens (
    id character varying(40) NOT NULL,
    token_hash character(64) NOT NULL,
    site_id character varying(40) NOT NULL,
    roles character varying(255) NOT NULL,
    expires_at bigint NOT NULL,
    created_by character varying(40) NOT NULL,
    created_at bigint NOT NULL,
    consumed_at bigint,
    key_hash character(64),
    agent_id character varying(40),
    chain_pem text
);

CREATE TABLE public.kysely_migration (
    name character varying(255) NOT NULL,
    "timestamp" character varying(255) NOT NULL
);

CREATE TABLE public.kysely_migration_lock (
    id character varying(255) NOT NULL,
    is_locked integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.leases (
    site_id character varying(40) NOT NULL,
    mac character varying(17) NOT NULL,
    address character varying(45) NOT NULL,
    hostname character varying(255) NOT NULL,
    seen_at bigint NOT NULL,
    expires_at bigint
);

CREATE TABLE public.nodes (
    id character varying(40) NOT NULL,
    site_id character varying(40) NOT NULL,
    name character varying(63) NOT NULL,
    cluster character varying(63) NOT NULL,
    api_url character varying(255) NOT NULL,
    token_id character varying(255) NOT NULL,
    token_secret_box bytea NOT NULL,
    ca_pem text NOT NULL,
    fingerprint character varying(95) NOT NULL,
    image_storage character varying(100) NOT NULL,
    volume_storage character varying(100) NOT NULL,
    bridge character varying(15) NOT NULL,
    schedulable smallint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    agent_id character varying(40)
);

CREATE TABLE public.operation_logs (
    operation_id character varying(40) NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    step character varying(64) NOT NULL,
    text text NOT NULL
);

CREATE TABLE public.operation_steps (
    operation_id character varying(40) NOT NULL,
    "position" integer NOT NULL,
    name character varying(64) NOT NULL,
    title character varying(255) NOT NULL,
    state character varying(16) NOT NULL,
    error text NOT NULL,
    started_at bigint,
    finished_at bigint,
    attempts bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.operations (
    id character varying(40) NOT NULL,
    kind character varying(64) NOT NULL,
    site_id character varying(40) NOT NULL,
    container_id character varying(40) NOT NULL,
    hostname character varying(63) NOT NULL,
    user_id character varying(40) NOT NULL,
    request_id character varying(40) NOT NULL,
    state character varying(16) NOT NULL,
    data text NOT NULL,
    error text NOT NULL,
    error_reason character varying(64) NOT NULL,
    lease_until bigint NOT NULL,
    created_at bigint NOT NULL,
    lease_owner character varying(40),
    finished_at bigint,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    log_seq bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.services (
    id character varying(40) NOT NULL,
    container_id character varying(40) NOT NULL,
    site_id character varying(40) NOT NULL,
    kind character varying(8) NOT NULL,
    internal_port integer NOT NULL,
    backend_tls smallint NOT NULL,
    created_at bigint NOT NULL,
    host character varying(253),
    domain_id character varying(40),
    external_port integer
);

CREATE TABLE public.sessions (
    id character varying(40) NOT NULL,
    token_hash character(64) NOT NULL,
    user_id character varying(40) NOT NULL,
    created_at bigint NOT NULL,
    last_used_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    user_agent character varying(255) NOT NULL
);

CREATE TABLE public.settings (
    name character varying(64) NOT NULL,
    value text NOT NULL,
    updated_at bigint NOT NULL,
    secret_box bytea
);

CREATE TABLE public.site_changes (
    site_id character varying(40) NOT NULL,
    revision bigint NOT NULL,
    at bigint NOT NULL,
    container_id character varying(40)
);

CREATE TABLE public.sites (
    id character varying(40) NOT NULL,
    name character varying(63) NOT NULL,
    internal_domain character varying(253) NOT NULL,
    network character varying(18) NOT NULL,
    range_start character varying(15) NOT NULL,
    range_end character varying(15) NOT NULL,
    gateway character varying(15) NOT NULL,
    dns_servers text NOT NULL,
    forwarders text NOT NULL,
    external_address character varying(253) NOT NULL,
    port_range_start integer NOT NULL,
    port_range_end integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.users (
    id character varying(40) NOT NULL,
    username character varying(64) NOT NULL,
    display_name character varying(255) NOT NULL,
    password_hash character varying(255) NOT NULL,
    administrator smallint NOT NULL,
    status character varying(16) NOT NULL,
    created_at bigint NOT NULL,
    email character varying(255)
);

INSERT INTO public.agents VALUES ('agt-01hf7yat00jfp02zdbmnnq41c3', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'nginx1', '["nginx"]', 'abababababababababababababababab', 'active', '01', 1700086400000, '', '[]', 1700000000000, '', 'session', NULL, NULL, NULL, 0, 1, 1, 0, 1, 0, 0);
INSERT INTO public.agents VALUES ('agt-01hf7yat00vjq8gv8nrsx4zvpz', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'dnsmasq1', '["dnsmasq"]', 'abababababababababababababababab', 'active', '01', 1700086400000, '', '[]', 1700000000000, '', 'session', NULL, NULL, NULL, 0, 1, 1, 0, 1, 0, 0);
INSERT INTO public.agents VALUES ('agt-01hf7yat00e7pmpzeenx3s07hn', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'proxmox1', '["proxmox"]', 'abababababababababababababababab', 'active', '01', 1700086400000, '', '[]', 1700000000000, '', 'session', NULL, NULL, NULL, 0, 1, 1, 0, 1, 0, 0);

INSERT INTO public.audit VALUES ('aud-01hf7yat00aq01y5zacdzn4ms1', 1700000000000, 'user.first-administrator', 'user', 'usr-01hf7yat00319yyv0h4atxk26y', '{"username":"root"}', 'req-01hf7yat00g7yv3dfkz90j7tsq', 'usr-01hf7yat00319yyv0h4atxk26y', NULL);
INSERT INTO public.audit VALUES ('aud-01hf7yat00dh21bcx71ybe45mh', 1700000000000, 'session.open', 'user', 'usr-01hf7yat00keqpjbdkdyewefe5', '{}', 'req-01hf7yat00fz3mw1gs862g04ac', 'usr-01hf7yat00keqpjbdkdyewefe5', NULL);
INSERT INTO public.audit VALUES ('aud-01hf7yat000n70v9ndkbgz859h', 1700000000000, 'container.create', 'container', 'ctr-01hf7yat002by80kq6mgqzwtfk', '{"hostname":"web1","template":"debian-12","cores":4,"memoryMib":4096,"diskGib":50,"description":"","services":[{"kind":"http","internalPort":80,"host":"web1.apps.lab","backendTls":false,"externalPort":0},{"kind":"tcp","internalPort":22,"host":"","backendTls":false,"externalPort":0},{"kind":"udp","internalPort":53,"host":"","backendTls":false,"externalPort":0}],"node":"pve1","vmid":100,"mac":"bc:24:11:82:87:9b","address":"10.64.1.0"}', 'req-01hf7yat00qhf84fdt2b0w2vcx', 'usr-01hf7yat00keqpjbdkdyewefe5', 'sit-01hf7yat00b3fp9spfj77sm7hm');

INSERT INTO public.commands VALUES ('cmd-01hf7yaycm01j0vaszcdjbjsqg', 'agt-01hf7yat00e7pmpzeenx3s07hn', 'done', '\x0a1e636d642d3031686637796179636d30316a307661737a63646a626a737167220c0888e9cfaa061080cab5ee0152770a410a047076653110641a0477656231221162633a32343a31313a38323a38373a39622a1e6374722d3031686637796174303032627938306b71366d67717a7774666b120964656269616e2d3132180420802028800430323a056c6f63616c42096c6f63616c2d6c766d4a05766d627230500158016001', 1700000904500, 1700000004500, 'opn-01hf7yat00799pzyjg3c3mbds7', '\x0a1e636d642d3031686637796179636d30316a307661737a63646a626a737167120e120c0a0470766531106418012002', 1700000010000, 0);
INSERT INTO public.commands VALUES ('cmd-01hf7yb6p8sq19wg837chcyndb', 'agt-01hf7yat00e7pmpzeenx3s07hn', 'done', '\x0a1e636d642d30316866377962367038737131397767383337636863796e6462220c08bae4cfaa061080cab5ee015a430a410a047076653110641a0477656231221162633a32343a31313a38323a38373a39622a1e6374722d3031686637796174303032627938306b71366d67717a7774666b', 1700000314500, 1700000014500, 'opn-01hf7yat00799pzyjg3c3mbds7', '\x0a1e636d642d30316866377962367038737131397767383337636863796e6462120e120c0a0470766531106418012001', 1700000024000, 0);
INSERT INTO public.commands VALUES ('cmd-01hf7yc02rzf75ksnja0wtc7vt', 'agt-01hf7yat00jfp02zdbmnnq41c3', 'done', '\x0a1e636d642d303168663779633032727a6637356b736e6a6130777463377674220608e3e2cfaa06a201220a0d776562312e617070732e6c61621a0d0a0931302e36342e312e30105020a09c01', 1700000099000, 1700000039000, 'opn-01hf7yat00799pzyjg3c3mbds7', '\x0a1e636d642d303168663779633032727a6637356b736e6a613077746337767412061a0408011803', 1700000041500, 0);
INSERT INTO public.commands VALUES ('cmd-01hf7yc3zra2eznq0cfx6apyk2', 'agt-01hf7yat00jfp02zdbmnnq41c3', 'done', '\x0a1e636d642d30316866377963337a726132657a6e7130636678366170796b32220c08e7e2cfaa061080cab5ee01a2011610d00f1a0d0a0931302e36342e312e30101620a09c01', 1700000103500, 1700000043500, 'opn-01hf7yat00799pzyjg3c3mbds7', '\x0a1e636d642d30316866377963337a726132657a6e7130636678366170796b3212061a0408011803', 1700000044000, 0);

INSERT INTO public.containers VALUES ('ctr-01hf7yat002by80kq6mgqzwtfk', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'nod-01hf7yat00cvaxsbypjbj2tvca', 'usr-01hf7yat00keqpjbdkdyewefe5', 'web1', 'debian-12', 4, 4096, 50, '', 'pve1', 100, 'bc:24:11:82:87:9b', '10.64.1.0', 'ready', 'running', 1700000000000, 1700000046000, NULL);

INSERT INTO public.domains VALUES ('dom-01hf7yat002wdwmkvgxaxa7yh7', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'apps.lab', 1700000000000);

INSERT INTO public.guest_states VALUES ('ctr-01hf7yat002by80kq6mgqzwtfk', 1, 'running', '', 0, 0, 0, '[]', 1700000026000);

INSERT INTO public.kysely_migration VALUES ('0001-initial', '2026-11-24T18:10:13.736Z');

INSERT INTO public.kysely_migration_lock VALUES ('migration_lock', 0);

INSERT INTO public.leases VALUES ('sit-01hf7yat00b3fp9spfj77sm7hm', 'bc:24:11:82:87:9b', '10.64.1.0', 'web1', 1700000022500, 1700003622500);

INSERT INTO public.nodes VALUES ('nod-01hf7yat00cvaxsbypjbj2tvca', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'pve1', 'pve1', 'https://10.65.0.2:8006', 'berth@pve!agent', '\x013af3744f3de3a33b77ea4a0263a4c2d382c8742db6585d468d272ac4d737639bf2def67bc19d01819210c487a2888858bc9bd3d90aab446d7611653c33749d9a', '', '', 'local', 'local-lvm', 'vmbr0', 1, 1700000000000, 1700000000000, NULL);

INSERT INTO public.operation_logs VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 1, 1700000043000, 'probe', 'web1.apps.lab answered through nginx1 in 3 ms.');
INSERT INTO public.operation_logs VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 2, 1700000044000, 'probe', 'port 2000 answered through nginx1 in 3 ms.');

INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 0, 'reserve', 'Reserve node, VMID, address, name and ports', 'done', '', 1700000000000, 1700000000000, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 1, 'await-name', 'Have the name and the address known to dnsmasq', 'done', '', 1700000000000, 1700000000000, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 2, 'create-guest', 'Create the guest from its template', 'done', '', 1700000001000, 1700000011000, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 3, 'start-guest', 'Start the guest', 'done', '', 1700000012000, 1700000029500, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 4, 'await-lease', 'See the guest take its address', 'done', '', 1700000030000, 1700000033000, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 5, 'await-routes', 'Have its routes served by nginx', 'done', '', 1700000034000, 1700000037000, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 6, 'probe', 'Reach the guest through nginx', 'done', '', 1700000037000, 1700000045000, 1);
INSERT INTO public.operation_steps VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 7, 'finish', 'Hand it over', 'done', '', 1700000045500, 1700000047000, 1);

INSERT INTO public.operations VALUES ('opn-01hf7yat00799pzyjg3c3mbds7', 'container.create', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'ctr-01hf7yat002by80kq6mgqzwtfk', 'web1', 'usr-01hf7yat00keqpjbdkdyewefe5', 'req-01hf7yat00qhf84fdt2b0w2vcx', 'succeeded', '{"reservedRevision":1,"guestMayExist":true,"commands":{"create-guest":"cmd-01hf7yaycm01j0vaszcdjbjsqg","start-guest":"cmd-01hf7yb6p8sq19wg837chcyndb","probe agt-01hf7yat00jfp02zdbmnnq41c3 svc-01hf7yat00z3edr5hspsh06np7":"cmd-01hf7yc02rzf75ksnja0wtc7vt","probe agt-01hf7yat00jfp02zdbmnnq41c3 svc-01hf7yat01ph4fk5c406ztfjh1":"cmd-01hf7yc3zra2eznq0cfx6apyk2"}}', '', '', 1700000063000, 1700000000000, NULL, 1700000048000, 1, 2);

INSERT INTO public.services VALUES ('svc-01hf7yat00z3edr5hspsh06np7', 'ctr-01hf7yat002by80kq6mgqzwtfk', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'http', 80, 0, 1700000000000, 'web1.apps.lab', 'dom-01hf7yat002wdwmkvgxaxa7yh7', NULL);
INSERT INTO public.services VALUES ('svc-01hf7yat01ph4fk5c406ztfjh1', 'ctr-01hf7yat002by80kq6mgqzwtfk', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'tcp', 22, 0, 1700000000000, NULL, NULL, 2000);
INSERT INTO public.services VALUES ('svc-01hf7yat02fxyaabz7qcbgbt69', 'ctr-01hf7yat002by80kq6mgqzwtfk', 'sit-01hf7yat00b3fp9spfj77sm7hm', 'udp', 53, 0, 1700000000000, NULL, NULL, 2000);

INSERT INTO public.sessions VALUES ('ses-01hf7yat004m5dh6xnfrmyb06g', '33aea02c8b98c4742e1b66cbd546d1b4dc5be20c5c89a355a49a44c4be8c5811', 'usr-01hf7yat00319yyv0h4atxk26y', 1700000000000, 1700000000000, 1702592000000, 'connect-es/2.2.0');
INSERT INTO public.sessions VALUES ('ses-01hf7yat00vh8tewd833h40vcc', '7b2b9df0cc58ba49c2925c48e3a307efcc2745446b8dca8881ba691fa698157b', 'usr-01hf7yat00keqpjbdkdyewefe5', 1700000000000, 1700000000000, 1702592000000, 'connect-es/2.2.0');
INSERT INTO public.sessions VALUES ('ses-01hf7yat00fgdkbscdwegpr1qk', '4e8e279d1b604f4b8fc5de2280959158ad052a85f89fe345a1dcee3dd8a423d3', 'usr-01hf7yat00keqpjbdkdyewefe5', 1700000000000, 1700000000000, 1702592000000, 'test');

INSERT INTO public.settings VALUES ('secrets.check', '', 1700000000000, '\x01612a941e98797e0ff7ec457a091b9267df2372e36f7d42e2da11bbba7a053cb37e');

INSERT INTO public.site_changes VALUES ('sit-01hf7yat00b3fp9spfj77sm7hm', 1, 1700000000000, 'ctr-01hf7yat002by80kq6mgqzwtfk');

INSERT INTO public.sites VALUES ('sit-01hf7yat00b3fp9spfj77sm7hm', 'lab', 'lab.internal', '10.64.0.0/22', '10.64.1.0', '10.64.3.254', '10.64.0.1', '[]', '[]', '10.66.0.1', 2000, 2999, 1700000000000, 1700000000000, 1);

INSERT INTO public.users VALUES ('usr-01hf7yat00keqpjbdkdyewefe5', 'olga', 'olga', '$argon2id$v=19$m=19456,t=2,p=1$+SMd7STR3Hy4mTyzG5pATA$O1rj+MOCYhlzbvd7l+jJ2J/B+uA3QubyOgVypkbaEho', 0, 'active', 1700000000000, NULL);
INSERT INTO public.users VALUES ('usr-01hf7yat00319yyv0h4atxk26y', 'root', 'root', '$argon2id$v=19$m=19456,t=2,p=1$E4kaAdJSVZy2OEPdZgcbww$e/nRu/sCZe7r5DNlpS0UzMWRtlzEY7TBvjQ0evgWT+w', 1, 'active', 1700000000000, NULL);
INSERT INTO public.users VALUES ('usr-01hf7yat003vc88hhn934z93t2', 'ada', 'ada', '$argon2id$v=19$m=19456,t=2,p=1$+SMd7STR3Hy4mTyzG5pATA$O1rj+MOCYhlzbvd7l+jJ2J/B+uA3QubyOgVypkbaEho', 1, 'active', 1700000000000, NULL);
INSERT INTO public.users VALUES ('usr-01hf7yat0073dvbjsw4p2xn8ez', 'sam', 'sam', '$argon2id$v=19$m=19456,t=2,p=1$+SMd7STR3Hy4mTyzG5pATA$O1rj+MOCYhlzbvd7l+jJ2J/B+uA3QubyOgVypkbaEho', 0, 'suspended', 1700000000000, 'sam@example.org');

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.conditions
    ADD CONSTRAINT conditions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_address UNIQUE (site_id, address);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_hostname UNIQUE (site_id, hostname);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_mac UNIQUE (mac);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_vmid UNIQUE (cluster, vmid);

ALTER TABLE ONLY public.domains
    ADD CONSTRAINT domains_name UNIQUE (name);

ALTER TABLE ONLY public.domains
    ADD CONSTRAINT domains_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.foreign_vmids
    ADD CONSTRAINT foreign_vmids_pk PRIMARY KEY (cluster, vmid);

ALTER TABLE ONLY public.freed_addresses
    ADD CONSTRAINT freed_addresses_pk PRIMARY KEY (site_id, address);

ALTER TABLE ONLY public.guest_states
    ADD CONSTRAINT guest_states_pkey PRIMARY KEY (container_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pk PRIMARY KEY (user_id, method, idempotency_key);

ALTER TABLE ONLY public.join_tokens
    ADD CONSTRAINT join_tokens_hash UNIQUE (token_hash);

ALTER TABLE ONLY public.join_tokens
    ADD CONSTRAINT join_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.kysely_migration_lock
    ADD CONSTRAINT kysely_migration_lock_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.kysely_migration
    ADD CONSTRAINT kysely_migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_pk PRIMARY KEY (site_id, mac);

ALTER TABLE ONLY public.nodes
    ADD CONSTRAINT nodes_name UNIQUE (site_id, name);

ALTER TABLE ONLY public.nodes
    ADD CONSTRAINT nodes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.operation_logs
    ADD CONSTRAINT operation_logs_pk PRIMARY KEY (operation_id, seq);

ALTER TABLE ONLY public.operation_steps
    ADD CONSTRAINT operation_steps_pk PRIMARY KEY (operation_id, "position");

ALTER TABLE ONLY public.operations
    ADD CONSTRAINT operations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_host UNIQUE (host);

ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_port UNIQUE (site_id, kind, external_port);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_token UNIQUE (token_hash);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.site_changes
    ADD CONSTRAINT site_changes_pk PRIMARY KEY (site_id, revision);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_name UNIQUE (name);

ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username UNIQUE (username);

CREATE INDEX agents_by_site_id ON public.agents USING btree (site_id);

CREATE INDEX audit_by_at ON public.audit USING btree (at);

CREATE INDEX certificates_by_domain_id ON public.certificates USING btree (domain_id);

CREATE INDEX commands_by_agent_id_state ON public.commands USING btree (agent_id, state);

CREATE INDEX commands_by_operation_id ON public.commands USING btree (operation_id);

CREATE INDEX conditions_by_agent_id ON public.conditions USING btree (agent_id);

CREATE INDEX conditions_by_container_id ON public.conditions USING btree (container_id);

CREATE INDEX containers_by_created_at ON public.containers USING btree (created_at);

CREATE INDEX containers_by_node_id ON public.containers USING btree (node_id);

CREATE INDEX leases_by_site_id_address ON public.leases USING btree (site_id, address);

CREATE INDEX operations_by_container_id ON public.operations USING btree (container_id);

CREATE INDEX operations_by_state_lease_until ON public.operations USING btree (state, lease_until);

CREATE INDEX services_by_container_id ON public.services USING btree (container_id);

CREATE INDEX sessions_by_user_id ON public.sessions USING btree (user_id);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_site FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_domain FOREIGN KEY (domain_id) REFERENCES public.domains(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_agent FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conditions
    ADD CONSTRAINT conditions_site FOREIGN KEY (site_id) REFERENCES public.sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_node FOREIGN KEY (node_id) REFERENCES public.nodes(id);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_owner FOREIGN KEY (owner_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.containers
    ADD CONSTRAINT containers_site FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.domains
    ADD CONSTRAINT domains_site FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.freed_addresses
    ADD CONSTRAINT freed_addresses_site FOREIGN KEY (site_id) REFERENCES public.sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.guest_states
    ADD CONSTRAINT guest_states_container FOREIGN KEY (container_id) REFERENCES public.containers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.join_tokens
    ADD CONSTRAINT join_tokens_site FOREIGN KEY (site_id) REFERENCES public.sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_site FOREIGN KEY (site_id) REFERENCES public.sites(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.nodes
    ADD CONSTRAINT nodes_site FOREIGN KEY (site_id) REFERENCES public.sites(id);

ALTER TABLE ONLY public.operation_logs
    ADD CONSTRAINT operation_logs_operation FOREIGN KEY (operation_id) REFERENCES public.operations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.operation_steps
    ADD CONSTRAINT operation_steps_operation FOREIGN KEY (operation_id) REFERENCES public.operations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_container FOREIGN KEY (container_id) REFERENCES public.containers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_domain FOREIGN KEY (domain_id) REFERENCES public.domains(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.site_changes
    ADD CONSTRAINT site_changes_site FOREIGN KEY (site_id) REFERENCES public.sites(id) ON DELETE CASCADE;

