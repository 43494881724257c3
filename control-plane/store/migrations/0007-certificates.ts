import { type Columns, ID, identified, MS, optional, required } from './columns.ts';

/** Tables of certificates that are kept valid, of public DNS and of sign-in before apps, in the order of their references. */
export const certificateTables: Record<string, Columns> = {
  managed_certificates: (t, is) =>
    optional(
      required(identified(t), {
        site_id: ID,
        domain_id: ID,
        name: 'varchar(253)',
        dns_names: is.text,
        source: 'varchar(64)',
        state: 'varchar(16)',
        next_try_at: MS,
        next_try_reason: 'varchar(255)',
        failures: 'integer',
        last_error: is.text,
        progress: 'varchar(500)',
        explanation_url: 'varchar(500)',
        order_url: 'varchar(500)',
        ari_id: 'varchar(255)',
        ari_next_look_at: MS,
        created_at: MS,
        updated_at: MS,
      }),
      {
        certificate_id: ID,
        last_error_at: MS,
        order_key_box: is.bytes,
        order_started_at: MS,
        leased_by: 'varchar(80)',
        leased_until: MS,
      },
    )
      .addUniqueConstraint('managed_certificates_name', ['domain_id', 'name'])
      .addForeignKeyConstraint('managed_certificates_domain', ['domain_id'], 'domains', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  /** They outlive what they are for until they are taken away, so nothing here refers to it. */
  acme_challenges: (t, is) =>
    optional(
      required(identified(t), {
        site_id: ID,
        managed_id: ID,
        kind: 'varchar(16)',
        host: 'varchar(253)',
        token: 'varchar(255)',
        answer: 'varchar(600)',
        revision: MS,
        created_at: MS,
      }),
      { dns_provider_id: ID, record: is.text },
    ).addForeignKeyConstraint('acme_challenges_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
  certificate_warnings: (t, is) =>
    required(identified(t), {
      certificate_id: ID,
      days: 'integer',
      body: is.text,
      hook_state: 'varchar(16)',
      hook_attempts: 'integer',
      hook_next_at: MS,
      hook_error: is.text,
      created_at: MS,
    })
      .addUniqueConstraint('certificate_warnings_step', ['certificate_id', 'days'])
      .addForeignKeyConstraint('certificate_warnings_certificate', ['certificate_id'], 'certificates', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  /** TXT records that a site's dnsmasq serves. */
  internal_records: (t) =>
    required(identified(t), { site_id: ID, fqdn: 'varchar(253)', text: 'varchar(255)', created_at: MS })
      .addUniqueConstraint('internal_records_content', ['site_id', 'fqdn', 'text'])
      .addForeignKeyConstraint('internal_records_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade')),
  /** Public records; they outlive their domain until they are taken away, so nothing here refers to it. */
  dns_records: (t, is) =>
    optional(
      required(identified(t), {
        site_id: ID,
        domain_name: 'varchar(253)',
        dns_provider_id: ID,
        name: 'varchar(253)',
        type: 'varchar(8)',
        value: 'varchar(253)',
        wanted: 'smallint',
        state: 'varchar(16)',
        problem: is.text,
        failures: 'integer',
        next_try_at: MS,
        created_at: MS,
        updated_at: MS,
      }),
      { record: is.text, leased_by: 'varchar(80)', leased_until: MS },
    )
      .addUniqueConstraint('dns_records_name', ['name', 'type'])
      .addForeignKeyConstraint('dns_records_provider', ['dns_provider_id'], 'dns_providers', ['id']),
  app_sessions: (t) =>
    required(identified(t), { session_id: ID, user_id: ID, host: 'varchar(253)', created_at: MS, last_seen_at: MS })
      .addForeignKeyConstraint('app_sessions_session', ['session_id'], 'sessions', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('app_sessions_user', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade')),
  app_sign_in_codes: (t) =>
    required(identified(t), {
      code_hash: 'varchar(64)',
      session_id: ID,
      user_id: ID,
      host: 'varchar(253)',
      state_hash: 'varchar(64)',
      expires_at: MS,
    }).addForeignKeyConstraint('app_sign_in_codes_session', ['session_id'], 'sessions', ['id'], (f) =>
      f.onDelete('cascade'),
    ),
};
