import {
  type Operation,
  type OperationLogLine,
  OperationLogLineSchema,
  OperationSchema,
  OperationState,
  StepState,
} from '@berth/proto/api/v1/operations_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { OperationView } from '../app/operations/read-operations.ts';
import type { Row } from '../store/schema.ts';
import { moment } from './shapes.ts';

const STATES: Record<Row<'operations'>['state'], OperationState> = {
  pending: OperationState.PENDING,
  running: OperationState.RUNNING,
  succeeded: OperationState.SUCCEEDED,
  compensating: OperationState.COMPENSATING,
  failed: OperationState.FAILED,
};

const STEP_STATES: Record<Row<'operation_steps'>['state'], StepState> = {
  pending: StepState.PENDING,
  running: StepState.RUNNING,
  done: StepState.DONE,
  failed: StepState.FAILED,
  undoing: StepState.UNDOING,
  undone: StepState.UNDONE,
};

/** An operation with its steps. */
export function operationShape({ operation, steps, requestedBy }: OperationView): Operation {
  return create(OperationSchema, {
    id: operation.id,
    kind: operation.kind,
    container: operation.container_id,
    site: operation.site_id,
    state: STATES[operation.state],
    error: operation.error,
    errorReason: operation.error_reason,
    requestedBy,
    requestId: operation.request_id,
    createdAt: timestampFromMs(operation.created_at),
    finishedAt: moment(operation.finished_at),
    steps: steps.map((step) => ({
      name: step.name,
      title: step.title,
      state: STEP_STATES[step.state],
      attempts: step.attempts,
      startedAt: moment(step.started_at),
      finishedAt: moment(step.finished_at),
      error: step.error,
    })),
  });
}

/** A line of an operation's log. */
export function logLineShape(row: Row<'operation_logs'>): OperationLogLine {
  return create(OperationLogLineSchema, {
    seq: BigInt(row.seq),
    at: timestampFromMs(row.at),
    step: row.step,
    text: row.text,
  });
}
