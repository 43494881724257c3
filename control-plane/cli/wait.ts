import { setTimeout } from 'node:timers/promises';
import { type Operation, OperationState, OperationsService, StepState } from '@berth/proto/api/v1/operations_pb.js';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { CliError } from './explain.ts';

const MARKS: Partial<Record<StepState, string>> = {
  [StepState.RUNNING]: '…',
  [StepState.DONE]: '✓',
  [StepState.FAILED]: '✗',
  [StepState.UNDONE]: '↩',
};

/** How long a control plane may be away (a restart, say) while an operation is followed. */
const PATIENCE_MS = 60_000;

/**
 * Follows an operation to its end on standard error: each step as it changes, each log line, so that standard output
 * stays for the answer. A control plane that restarts meanwhile is waited for: the operation goes on by itself.
 * @returns the ended operation
 * @throws CliError when it failed; the message is the operation's own
 */
export async function waitFor(transport: Transport, operationId: string): Promise<Operation> {
  const client = createClient(OperationsService, transport);
  const shown = new Map<string, StepState>();
  let afterSeq = 0n;
  let lostAt: number | undefined;
  for (;;) {
    let last: Operation | undefined;
    try {
      for await (const news of client.watchOperation({ operation: operationId, afterSeq })) {
        lostAt = undefined;
        for (const line of news.log) {
          afterSeq = line.seq;
          process.stderr.write(`    ${line.text}\n`);
        }
        if (!news.operation) continue;
        last = news.operation;
        showSteps(last, shown);
      }
    } catch (error) {
      lostAt ??= Date.now();
      if (!isAway(error) || Date.now() - lostAt > PATIENCE_MS) throw error;
    }
    if (last && ended(last)) return last;
    await setTimeout(500);
  }
}

function isAway(error: unknown): boolean {
  return [Code.Unavailable, Code.Aborted, Code.Canceled].includes(ConnectError.from(error).code);
}

function showSteps(operation: Operation, shown: Map<string, StepState>): void {
  for (const step of operation.steps) {
    if (shown.get(step.name) === step.state) continue;
    shown.set(step.name, step.state);
    const mark = MARKS[step.state];
    if (mark) process.stderr.write(`  ${mark} ${step.title}${step.error ? `: ${step.error}` : ''}\n`);
  }
}

function ended(operation: Operation): boolean {
  if (operation.state === OperationState.FAILED) {
    throw new CliError(`${operation.kind} failed: ${operation.error}\n  request ${operation.requestId}, in the logs`);
  }
  return operation.state === OperationState.SUCCEEDED;
}
