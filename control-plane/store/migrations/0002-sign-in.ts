import { type Columns, counter, ID, identified, MS, optional, required } from './columns.ts';

const ofUser = (name: string): [string, string[], string, string[]] => [name, ['user_id'], 'users', ['id']];

/** Tables of signing in: tokens, second factors, links by mail, mail itself, other identity providers. */
export const signIn: Record<string, Columns> = {
  api_tokens: (t) =>
    optional(
      required(identified(t), {
        user_id: ID,
        name: 'varchar(100)',
        prefix: 'varchar(16)',
        token_hash: 'char(64)',
        scope: 'varchar(16)',
        last_used_address: 'varchar(64)',
        created_at: MS,
      }),
      { site_id: ID, container_id: ID, expires_at: MS, last_used_at: MS },
    )
      .addUniqueConstraint('api_tokens_hash', ['token_hash'])
      .addForeignKeyConstraint(...ofUser('api_tokens_user'), (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('api_tokens_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('api_tokens_container', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  totp_factors: (t, is) =>
    optional(required(t, { user_id: ID, secret_box: is.bytes, created_at: MS }), { confirmed_at: MS, last_step: MS })
      .addPrimaryKeyConstraint('totp_factors_pk', ['user_id'])
      .addForeignKeyConstraint(...ofUser('totp_factors_user'), (f) => f.onDelete('cascade')),
  passkeys: (t, is) =>
    counter(
      optional(
        required(identified(t), {
          user_id: ID,
          name: 'varchar(100)',
          credential_id: 'varchar(512)',
          public_key: is.bytes,
          transports: 'varchar(255)',
          created_at: MS,
        }),
        { last_used_at: MS },
      ),
      'sign_count',
    )
      .addUniqueConstraint('passkeys_credential', ['credential_id'])
      .addForeignKeyConstraint(...ofUser('passkeys_user'), (f) => f.onDelete('cascade')),
  recovery_codes: (t) =>
    optional(required(identified(t), { user_id: ID, code_hash: 'char(64)' }), { used_at: MS }).addForeignKeyConstraint(
      ...ofUser('recovery_codes_user'),
      (f) => f.onDelete('cascade'),
    ),
  pending_sign_ins: (t, is) =>
    counter(
      optional(
        required(identified(t), {
          token_hash: 'char(64)',
          kind: 'varchar(32)',
          data_box: is.bytes,
          created_at: MS,
          expires_at: MS,
        }),
        { user_id: ID },
      ),
      'attempts',
    )
      .addUniqueConstraint('pending_sign_ins_token', ['token_hash'])
      .addForeignKeyConstraint(...ofUser('pending_sign_ins_user'), (f) => f.onDelete('cascade')),
  mail_links: (t, is) =>
    optional(
      required(identified(t), {
        kind: 'varchar(32)',
        token_hash: 'char(64)',
        email: 'varchar(255)',
        data: is.text,
        created_at: MS,
        expires_at: MS,
      }),
      { user_id: ID, created_by: ID, used_at: MS },
    )
      .addUniqueConstraint('mail_links_token', ['token_hash'])
      .addForeignKeyConstraint(...ofUser('mail_links_user'), (f) => f.onDelete('cascade')),
  outgoing_mails: (t, is) =>
    counter(
      optional(
        required(identified(t), {
          recipient: 'varchar(255)',
          subject: 'varchar(255)',
          body_box: is.bytes,
          state: 'varchar(16)',
          last_error: is.text,
          next_attempt_at: MS,
          created_at: MS,
        }),
        { sent_at: MS },
      ),
      'attempts',
    ),
  oidc_providers: (t, is) =>
    required(identified(t), {
      name: 'varchar(63)',
      issuer: 'varchar(255)',
      client_id: 'varchar(255)',
      client_secret_box: is.bytes,
      scopes: 'varchar(255)',
      groups_claim: 'varchar(255)',
      group_mapping: is.text,
      create_users: 'smallint',
      enabled: 'smallint',
      created_at: MS,
      updated_at: MS,
    }).addUniqueConstraint('oidc_providers_name', ['name']),
  oidc_identities: (t) =>
    optional(
      required(identified(t), {
        user_id: ID,
        provider_id: ID,
        issuer: 'varchar(255)',
        subject: 'varchar(255)',
        created_at: MS,
      }),
      { last_used_at: MS },
    )
      .addUniqueConstraint('oidc_identities_subject', ['issuer', 'subject'])
      .addForeignKeyConstraint(...ofUser('oidc_identities_user'), (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('oidc_identities_provider', ['provider_id'], 'oidc_providers', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
};
