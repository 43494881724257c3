/** Tables of the operations; see schema.ts for the conventions. */
import type { Generated } from 'kysely';

export interface OperationsTable {
  id: string;
  kind: string;
  site_id: string;
  container_id: string;
  /** Copied, because the container's row may be gone when it ends. */
  hostname: string;
  user_id: string;
  request_id: string;
  state: 'pending' | 'running' | 'succeeded' | 'compensating' | 'failed';
  /** JSON: what the first step chose and later steps found. */
  data: string;
  error: string;
  error_reason: string;
  /** Replica that runs it, until when. */
  lease_owner: string | null;
  lease_until: number;
  /** Raised at every claim; writes of a former owner fail. */
  lease_epoch: Generated<number>;
  log_seq: Generated<number>;
  created_at: number;
  finished_at: number | null;
}

export interface OperationStepsTable {
  operation_id: string;
  position: number;
  name: string;
  title: string;
  state: 'pending' | 'running' | 'done' | 'failed' | 'undoing' | 'undone';
  attempts: Generated<number>;
  started_at: number | null;
  finished_at: number | null;
  error: string;
}

export interface OperationLogsTable {
  operation_id: string;
  seq: number;
  at: number;
  step: string;
  text: string;
}
