import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { stringify } from 'yaml';

/** One column of a table. */
export interface Column<T> {
  title: string;
  value: (row: T) => string | number | bigint;
}

/** The format asked for: of the sub-command, else of the program. */
export function formatOf(command: Command): 'table' | 'json' | 'yaml' {
  return (
    command.opts().output ?? command.optsWithGlobals().output ?? command.parent?.optsWithGlobals().output ?? 'table'
  );
}

/** Prints one message: as JSON or YAML in the API's own shape, or as the lines of `rows`. */
export function printMessage<S extends DescMessage>(
  command: Command,
  schema: S,
  message: MessageShape<S>,
  rows: [label: string, value: string | number | bigint][],
): void {
  const format = formatOf(command);
  if (format !== 'table') {
    printData(format, toJson(schema, message, { alwaysEmitImplicit: true }));
    return;
  }
  const width = Math.max(...rows.map(([label]) => label.length));
  for (const [label, value] of rows) process.stdout.write(`${`${label}:`.padEnd(width + 2)}${value}\n`);
}

/** Prints many messages: a JSON or YAML array, or a table. */
export function printList<S extends DescMessage>(
  command: Command,
  schema: S,
  messages: MessageShape<S>[],
  columns: Column<MessageShape<S>>[],
): void {
  const format = formatOf(command);
  if (format !== 'table') {
    printData(
      format,
      messages.map((message) => toJson(schema, message, { alwaysEmitImplicit: true })),
    );
    return;
  }
  const rows = [columns.map((c) => c.title), ...messages.map((m) => columns.map((c) => String(c.value(m))))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  for (const row of rows) {
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}

/** Prints plain data. */
export function printData(format: 'json' | 'yaml', data: unknown): void {
  process.stdout.write(format === 'json' ? `${JSON.stringify(data, null, 2)}\n` : stringify(data));
}
