import { sql } from 'kysely';
import { type Columns, counter, ID, identified, MS, optional, required } from './columns.ts';

/** Tables of the first release: fleet. */
export const fleet: Record<string, Columns> = {
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
};
