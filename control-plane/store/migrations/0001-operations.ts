import { type Columns, counter, ID, identified, MS, optional, required } from './columns.ts';

/** Tables of the first release: operations. */
export const operations: Record<string, Columns> = {
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
};
