import { type CreateTableBuilder, type Kysely, sql } from 'kysely';
import type { Types } from '../dialect.ts';

type Table = CreateTableBuilder<string, string>;
type Columns = (t: Table, is: Types) => Table;

const ID = 'varchar(40)';
const MS = 'bigint';

const required = (t: Table, columns: Record<string, string>): Table =>
  Object.entries(columns).reduce((table, [name, type]) => table.addColumn(name, sql.raw(type), (c) => c.notNull()), t);

const optional = (t: Table, columns: Record<string, string>): Table =>
  Object.entries(columns).reduce((table, [name, type]) => table.addColumn(name, sql.raw(type)), t);

const counter = (t: Table, ...names: string[]): Table =>
  names.reduce((table, name) => table.addColumn(name, 'bigint', (c) => c.notNull().defaultTo(0)), t);

const identified = (t: Table): Table => t.addColumn('id', sql.raw(ID), (c) => c.notNull().primaryKey());

const tables: Record<string, Columns> = {
  users: (t) =>
    optional(
      required(identified(t), {
        username: 'varchar(64)',
        display_name: 'varchar(255)',
        password_hash: 'varchar(255)',
        administrator: 'smallint',
        status: 'varchar(16)',
        created_at: MS,
      }),
      { email: 'varchar(255)' },
    ).addUniqueConstraint('users_username', ['username']),
  sessions: (t) =>
    required(identified(t), {
      token_hash: 'char(64)',
      user_id: ID,
      created_at: MS,
      last_used_at: MS,
      expires_at: MS,
      user_agent: 'varchar(255)',
    })
      .addUniqueConstraint('sessions_token', ['token_hash'])
      .addForeignKeyConstraint('sessions_user', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade')),
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
  agents: (t, is) =>
    counter(
      optional(
        required(identified(t), {
          site_id: ID,
          name: 'varchar(253)',
          roles: 'varchar(255)',
          machine_id: 'varchar(64)',
          status: 'varchar(16)',
          certificate_serial: 'varchar(64)',
          certificate_expires_at: MS,
          version: 'varchar(64)',
          capabilities: is.text,
          created_at: MS,
        }).addColumn('rejected_message', sql.raw(is.text), (c) => c.notNull().defaultTo(sql`('')`)),
        { session_id: ID, replica_id: ID, connected_at: MS, last_seen_at: MS },
      ),
      'epoch',
      'desired_generation',
      'sent_generation',
      'acked_generation',
      'running_generation',
      'rejected_generation',
      'acked_lease_seq',
    ).addForeignKeyConstraint('agents_site', ['site_id'], 'sites', ['id']),
  join_tokens: (t, is) =>
    optional(
      required(identified(t), {
        token_hash: 'char(64)',
        site_id: ID,
        roles: 'varchar(255)',
        expires_at: MS,
        created_by: ID,
        created_at: MS,
      }),
      { consumed_at: MS, key_hash: 'char(64)', agent_id: ID, chain_pem: is.text },
    )
      .addUniqueConstraint('join_tokens_hash', ['token_hash'])
      .addForeignKeyConstraint('join_tokens_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
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
  conditions: (t, is) =>
    optional(
      required(identified(t), {
        site_id: ID,
        kind: 'varchar(64)',
        severity: 'varchar(8)',
        subject: 'varchar(255)',
        message: is.text,
        since: MS,
      }),
      { agent_id: ID, container_id: ID },
    ).addForeignKeyConstraint('conditions_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
  leases: (t) =>
    optional(
      required(t, {
        site_id: ID,
        mac: 'varchar(17)',
        address: 'varchar(45)',
        hostname: 'varchar(255)',
        seen_at: MS,
      }),
      { expires_at: MS },
    )
      .addPrimaryKeyConstraint('leases_pk', ['site_id', 'mac'])
      .addForeignKeyConstraint('leases_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
  operations: (t, is) =>
    counter(
      optional(
        required(identified(t), {
          kind: 'varchar(64)',
          site_id: ID,
          container_id: ID,
          hostname: 'varchar(63)',
          user_id: ID,
          request_id: ID,
          state: 'varchar(16)',
          data: is.text,
          error: is.text,
          error_reason: 'varchar(64)',
          lease_until: MS,
          created_at: MS,
        }),
        { lease_owner: ID, finished_at: MS },
      ),
      'lease_epoch',
      'log_seq',
    ),
  operation_steps: (t, is) =>
    counter(
      optional(
        required(t, {
          operation_id: ID,
          position: 'integer',
          name: 'varchar(64)',
          title: 'varchar(255)',
          state: 'varchar(16)',
          error: is.text,
        }),
        { started_at: MS, finished_at: MS },
      ),
      'attempts',
    )
      .addPrimaryKeyConstraint('operation_steps_pk', ['operation_id', 'position'])
      .addForeignKeyConstraint('operation_steps_operation', ['operation_id'], 'operations', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  operation_logs: (t, is) =>
    required(t, { operation_id: ID, seq: MS, at: MS, step: 'varchar(64)', text: is.text })
      .addPrimaryKeyConstraint('operation_logs_pk', ['operation_id', 'seq'])
      .addForeignKeyConstraint('operation_logs_operation', ['operation_id'], 'operations', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  commands: (t, is) =>
    counter(
      optional(
        required(identified(t), {
          agent_id: ID,
          state: 'varchar(16)',
          payload: is.bytes,
          deadline_at: MS,
          created_at: MS,
        }),
        { operation_id: ID, result: is.bytes, finished_at: MS },
      ),
      'progress_seq',
    ).addForeignKeyConstraint('commands_agent', ['agent_id'], 'agents', ['id'], (f) => f.onDelete('cascade')),
  idempotency_keys: (t, is) =>
    required(t, {
      user_id: ID,
      method: 'varchar(64)',
      idempotency_key: 'varchar(128)',
      request_hash: 'char(64)',
      outcome: is.text,
      created_at: MS,
      expires_at: MS,
    }).addPrimaryKeyConstraint('idempotency_keys_pk', ['user_id', 'method', 'idempotency_key']),
  audit: (t, is) =>
    optional(
      required(identified(t), {
        at: MS,
        action: 'varchar(64)',
        object_kind: 'varchar(32)',
        object_id: ID,
        change_json: is.text,
        request_id: ID,
      }),
      { user_id: ID, site_id: ID },
    ),
  settings: (t, is) =>
    optional(
      required(
        t.addColumn('name', 'varchar(64)', (c) => c.notNull().primaryKey()),
        { value: is.text, updated_at: MS },
      ),
      { secret_box: is.bytes },
    ),
};

const indexes: [table: string, ...columns: string[]][] = [
  ['sessions', 'user_id'],
  ['certificates', 'domain_id'],
  ['containers', 'node_id'],
  ['containers', 'created_at'],
  ['services', 'container_id'],
  ['agents', 'site_id'],
  ['conditions', 'agent_id'],
  ['conditions', 'container_id'],
  ['commands', 'agent_id', 'state'],
  ['commands', 'operation_id'],
  ['operations', 'state', 'lease_until'],
  ['operations', 'container_id'],
  ['leases', 'site_id', 'address'],
  ['audit', 'at'],
];

/** Makes every table of the first release. */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  if (is.dialect === 'mysql') await createNudges(db, is);
  for (const [name, columns] of Object.entries(tables)) {
    await is.finish(columns(db.schema.createTable(name) as Table, is)).execute();
  }
  for (const [table, ...columns] of indexes) {
    await db.schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
  }
}

async function createNudges(db: Kysely<unknown>, is: Types): Promise<void> {
  const table = db.schema
    .createTable('nudges')
    .addColumn('id', 'bigint', (c) => c.primaryKey().autoIncrement())
    .addColumn('topic', 'varchar(80)', (c) => c.notNull())
    .addColumn('origin', sql.raw(ID), (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull());
  await is.finish(table).execute();
  await db.schema.createIndex('nudges_by_at').on('nudges').columns(['at']).execute();
}
