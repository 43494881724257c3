import { type Kysely, sql } from 'kysely';
import type { Types } from '../dialect.ts';
import { certificateTables } from './0007-certificates.ts';
import { moveServiceNames } from './0007-service-names.ts';
import { type Columns, ID, identified, MS, optional, required } from './columns.ts';
import { createIndex, createTable, createUniqueIndex, unlessDone } from './create.ts';

/** In the order of their references; `domains` refers to the first two. */
const tables: Record<string, Columns> = {
  acme_accounts: (t, is) =>
    optional(
      required(identified(t), {
        name: 'varchar(63)',
        directory_url: 'varchar(500)',
        email: 'varchar(254)',
        terms_agreed: 'smallint',
        eab_key_id: 'varchar(255)',
        ca_pem: is.text,
        key_box: is.bytes,
        account_url: 'varchar(500)',
        last_error: is.text,
        created_at: MS,
        updated_at: MS,
      }),
      { eab_hmac_box: is.bytes },
    ).addUniqueConstraint('acme_accounts_name', ['name']),
  dns_providers: (t, is) =>
    optional(
      required(identified(t), {
        name: 'varchar(63)',
        kind: 'varchar(16)',
        settings: is.text,
        check_servers: is.text,
        last_error: is.text,
        created_at: MS,
        updated_at: MS,
      }),
      { secret_box: is.bytes },
    ).addUniqueConstraint('dns_providers_name', ['name']),
};

const grants: Columns = (t) =>
  optional(required(identified(t), { domain_id: ID, created_at: MS }), { user_id: ID, group_id: ID })
    .addUniqueConstraint('domain_grants_user', ['domain_id', 'user_id'])
    .addUniqueConstraint('domain_grants_group', ['domain_id', 'group_id'])
    .addForeignKeyConstraint('domain_grants_domain', ['domain_id'], 'domains', ['id'], (f) => f.onDelete('cascade'))
    .addForeignKeyConstraint('domain_grants_user_id', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade'))
    .addForeignKeyConstraint('domain_grants_group_id', ['group_id'], 'groups', ['id'], (f) => f.onDelete('cascade'));

const health: Columns = (t, is) =>
  required(t, { agent_id: ID, service_id: ID, healthy: 'smallint', error: is.text, since: MS })
    .addPrimaryKeyConstraint('backend_health_pk', ['service_id', 'agent_id'])
    .addForeignKeyConstraint('backend_health_agent', ['agent_id'], 'agents', ['id'], (f) => f.onDelete('cascade'))
    .addForeignKeyConstraint('backend_health_service', ['service_id'], 'services', ['id'], (f) =>
      f.onDelete('cascade'),
    );

type Added = [table: string, column: string, type: string, initially?: string | number];

const columns: readonly Added[] = [
  ['domains', 'name', 'varchar(253)', ''],
  ['domains', 'owner_id', ID],
  ['domains', 'access', 'varchar(16)', 'shared'],
  ['domains', 'verified_at', MS],
  ['domains', 'proof_token', 'varchar(64)', ''],
  ['domains', 'proof_checked_at', MS],
  ['domains', 'proof_error', 'varchar(500)', ''],
  ['domains', 'certificate_source', 'varchar(16)', 'self_signed'],
  ['domains', 'certificate_scope', 'varchar(16)', 'wildcard'],
  ['domains', 'acme_account_id', ID],
  ['domains', 'challenge', 'varchar(16)', ''],
  ['domains', 'dns_provider_id', ID],
  ['domains', 'publish_dns', 'smallint', 0],
  ['domains', 'hsts_max_age', 'integer', 31_536_000],
  ['domains', 'hsts_subdomains', 'smallint', 0],
  ['domains', 'hsts_preload', 'smallint', 0],
  ['domains', 'oauth2_proxy_url', 'varchar(255)', ''],
  ['domains', 'updated_at', MS, 0],
  ['sites', 'trusted_proxies', 'varchar(4000)', '[]'],
  ['sites', 'proxy_protocol', 'smallint', 0],
  ['sites', 'custom_domains', 'smallint', 0],
  ['certificates', 'name', 'varchar(253)', ''],
  ['certificates', 'issuer', 'varchar(255)', ''],
  ['certificates', 'serial', 'varchar(64)', ''],
  ['certificates', 'revoked_at', MS],
];

/**
 * Domains learn who may use them and where their certificates come from, services get names with paths and options, and
 * what ACME, public DNS and sign-in before apps need is made.
 */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  for (const [name, table] of Object.entries(tables)) await createTable(db, is, name, table);
  await renameDomainsName(db);
  for (const [table, column, type, initially] of columns) {
    const change = db.schema
      .alterTable(table)
      .addColumn(column, sql.raw(type), (c) => (initially === undefined ? c : c.notNull().defaultTo(initially)));
    await unlessDone('ER_DUP_FIELDNAME', () => change.execute());
  }
  // Those of before were made by administrators, who need prove nothing.
  await sql`update domains set name = claim, verified_at = created_at, updated_at = created_at
    where verified_at is null`.execute(db);
  await createIndex(db, 'domains', ['name']);
  await createIndex(db, 'certificates', ['domain_id', 'name']);
  await createTable(db, is, 'domain_grants', grants);
  await moveServiceNames(db, is);
  await createTable(db, is, 'backend_health', health);
  for (const [name, table] of Object.entries(certificateTables)) await createTable(db, is, name, table);
  await createIndex(db, 'managed_certificates', ['next_try_at']);
  await createIndex(db, 'dns_records', ['next_try_at']);
  await createIndex(db, 'app_sessions', ['session_id']);
  await createUniqueIndex(db, 'app_sign_in_codes_hash', 'app_sign_in_codes', ['code_hash']);
}

/**
 * A name belongs to whoever proves it first, and any number may try: what is unique from now on is `claim`, which is the
 * name once it is proven and the domain's own identifier until then.
 */
async function renameDomainsName(db: Kysely<unknown>): Promise<void> {
  const rename = async () => void (await sql`alter table domains rename column name to claim`.execute(db));
  await unlessDone('ER_BAD_FIELD_ERROR', () => unlessDone('ER_DUP_FIELDNAME', rename));
}
