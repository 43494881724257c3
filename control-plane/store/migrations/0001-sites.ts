import { sql } from 'kysely';
import { type Columns, counter, ID, identified, MS, optional, required } from './columns.ts';

/** Tables of the first release: sites. */
export const sites: Record<string, Columns> = {
  sites: (t, is) =>
    counter(
      required(identified(t), {
        name: 'varchar(63)',
        internal_domain: 'varchar(253)',
        network: 'varchar(18)',
        range_start: 'varchar(15)',
        range_end: 'varchar(15)',
        gateway: 'varchar(15)',
        dns_servers: is.text,
        forwarders: is.text,
        external_address: 'varchar(253)',
        port_range_start: 'integer',
        port_range_end: 'integer',
        created_at: MS,
        updated_at: MS,
      }),
      'revision',
    ).addUniqueConstraint('sites_name', ['name']),
  site_changes: (t) =>
    optional(required(t, { site_id: ID, revision: MS, at: MS }), { container_id: ID })
      .addPrimaryKeyConstraint('site_changes_pk', ['site_id', 'revision'])
      .addForeignKeyConstraint('site_changes_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
  domains: (t) =>
    required(identified(t), { site_id: ID, name: 'varchar(253)', created_at: MS })
      .addUniqueConstraint('domains_name', ['name'])
      .addForeignKeyConstraint('domains_site', ['site_id'], 'sites', ['id']),
  certificates: (t, is) =>
    required(identified(t), {
      domain_id: ID,
      dns_names: is.text,
      chain_pem: is.text,
      key_box: is.bytes,
      self_signed: 'smallint',
      not_before: MS,
      not_after: MS,
      created_at: MS,
    }).addForeignKeyConstraint('certificates_domain', ['domain_id'], 'domains', ['id'], (f) => f.onDelete('cascade')),
  nodes: (t, is) =>
    optional(
      required(identified(t), {
        site_id: ID,
        name: 'varchar(63)',
        cluster: 'varchar(63)',
        api_url: 'varchar(255)',
        token_id: 'varchar(255)',
        token_secret_box: is.bytes,
        ca_pem: is.text,
        fingerprint: 'varchar(95)',
        image_storage: 'varchar(100)',
        volume_storage: 'varchar(100)',
        bridge: 'varchar(15)',
        schedulable: 'smallint',
        created_at: MS,
        updated_at: MS,
      }),
      { agent_id: ID },
    )
      .addUniqueConstraint('nodes_name', ['site_id', 'name'])
      .addForeignKeyConstraint('nodes_site', ['site_id'], 'sites', ['id']),
  foreign_vmids: (t) =>
    required(t, { cluster: 'varchar(63)', vmid: 'integer', seen_at: MS }).addPrimaryKeyConstraint('foreign_vmids_pk', [
      'cluster',
      'vmid',
    ]),
  freed_addresses: (t) =>
    required(t, { site_id: ID, address: 'varchar(45)', freed_at: MS })
      .addPrimaryKeyConstraint('freed_addresses_pk', ['site_id', 'address'])
      .addForeignKeyConstraint('freed_addresses_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
  containers: (t, is) =>
    optional(
      required(identified(t), {
        site_id: ID,
        node_id: ID,
        owner_id: ID,
        hostname: 'varchar(63)',
        template: 'varchar(255)',
        cores: 'integer',
        memory_mib: 'integer',
        disk_gib: 'integer',
        description: is.text,
        cluster: 'varchar(63)',
        vmid: 'integer',
        mac: 'varchar(17)',
        address: 'varchar(45)',
        phase: 'varchar(16)',
        power: 'varchar(16)',
        created_at: MS,
        updated_at: MS,
      }),
      { active_operation_id: ID },
    )
      .addUniqueConstraint('containers_hostname', ['site_id', 'hostname'])
      .addUniqueConstraint('containers_address', ['site_id', 'address'])
      .addUniqueConstraint('containers_mac', ['mac'])
      .addUniqueConstraint('containers_vmid', ['cluster', 'vmid'])
      .addForeignKeyConstraint('containers_site', ['site_id'], 'sites', ['id'])
      .addForeignKeyConstraint('containers_node', ['node_id'], 'nodes', ['id'])
      .addForeignKeyConstraint('containers_owner', ['owner_id'], 'users', ['id']),
  guest_states: (t, is) =>
    required(
      t.addColumn('container_id', sql.raw(ID), (c) => c.notNull().primaryKey()),
      {
        exists_on_node: 'smallint',
        power: 'varchar(16)',
        lock_name: 'varchar(32)',
        uptime_seconds: MS,
        memory_bytes: MS,
        cpu_permille: 'integer',
        addresses: is.text,
        seen_at: MS,
      },
    ).addForeignKeyConstraint('guest_states_container', ['container_id'], 'containers', ['id'], (f) =>
      f.onDelete('cascade'),
    ),
  services: (t) =>
    optional(
      required(identified(t), {
        container_id: ID,
        site_id: ID,
        kind: 'varchar(8)',
        internal_port: 'integer',
        backend_tls: 'smallint',
        created_at: MS,
      }),
      { host: 'varchar(253)', domain_id: ID, external_port: 'integer' },
    )
      .addUniqueConstraint('services_host', ['host'])
      .addUniqueConstraint('services_port', ['site_id', 'kind', 'external_port'])
      .addForeignKeyConstraint('services_container', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('cascade'),
      )
      .addForeignKeyConstraint('services_domain', ['domain_id'], 'domains', ['id']),
};
