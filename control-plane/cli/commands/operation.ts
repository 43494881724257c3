import {
  type Operation,
  OperationSchema,
  OperationState,
  OperationsService,
  StepState,
} from '@berth/proto/api/v1/operations_pb.js';
import { Command } from 'commander';
import { clientOf, connect } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { waitFor } from '../wait.ts';

/** `berth operation …`. */
export function operationCommand(): Command {
  const operation = new Command('operation').description('Long actions, their steps and logs');
  operation
    .command('list')
    .option('--container <id>', 'only about this container')
    .description('List operations, newest first')
    .action(async (options: { container?: string }, command: Command) => {
      const client = clientOf(OperationsService, command);
      const operations = await allPages(async (pageToken) => {
        const page = await client.listOperations({ container: options.container ?? '', pageSize: 200, pageToken });
        return { items: page.operations, next: page.nextPageToken };
      });
      printList(command, OperationSchema, operations, [
        { title: 'KIND', value: (o) => o.kind },
        { title: 'STATE', value: stateOf },
        { title: 'BY', value: (o) => o.requestedBy },
        { title: 'ID', value: (o) => o.id },
      ]);
    });
  operation
    .command('get')
    .argument('<operation>', 'identifier')
    .description('Show an operation with its steps')
    .action(async (id: string, _options, command: Command) => {
      show(command, (await clientOf(OperationsService, command).getOperation({ operation: id })).operation);
    });
  operation
    .command('watch')
    .argument('<operation>', 'identifier')
    .description('Follow an operation to its end; exit code 0 only when it succeeded')
    .addHelpText('after', '\nExample:\n  berth operation watch opn-01jf…')
    .action(async (id: string, _options, command: Command) => {
      show(command, await waitFor(connect(command), id));
    });
  return operation;
}

function stateOf(operation: Operation): string {
  return (OperationState[operation.state] ?? 'unknown').toLowerCase();
}

function show(command: Command, operation: Operation | undefined): void {
  if (!operation) throw new CliError('the server sent no operation.');
  printMessage(command, OperationSchema, operation, [
    ['Operation', `${operation.kind} (${operation.id})`],
    ['State', stateOf(operation)],
    ['Request', operation.requestId],
    ...operation.steps.map((step): [string, string] => [
      step.name,
      `${(StepState[step.state] ?? '').toLowerCase()}${step.error ? `: ${step.error}` : ''}`,
    ]),
    ...(operation.error ? [['Error', operation.error] satisfies [string, string]] : []),
  ]);
}
