// Regenerates test/golden/pve-schema-table.json from a full API schema: node gen-schema-table.ts <pve-schema.json>.
// Only the methods the simulator answers are kept, without return types.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { SUPPORTED } from './supported.ts';

interface FullMethod {
  parameters?: { properties?: Record<string, unknown>; additionalProperties?: number };
  permissions?: unknown;
}
interface FullSchema {
  paths: Record<string, Record<string, FullMethod>>;
}

/** One entry of the table: what a method takes, and who may call it. */
export interface TableEntry {
  parameters: Record<string, unknown>;
  permissions: unknown;
}

/**
 * Reduces a full schema to the supported methods, keyed `METHOD /path`.
 * Throws when a supported method is not in the schema.
 */
export function reduceSchema(full: FullSchema): Record<string, TableEntry> {
  const table: Record<string, TableEntry> = {};
  for (const key of SUPPORTED) {
    const [method = '', path = ''] = key.split(' ');
    const found = full.paths[path]?.[method];
    if (!found) throw new Error(`not in the schema: ${key}`);
    table[key] = { parameters: found.parameters?.properties ?? {}, permissions: found.permissions ?? null };
  }
  return table;
}

/** The table as it is kept in the repository: one line per method, so that a diff shows what moved. */
export function printTable(table: Record<string, TableEntry>): string {
  const lines = Object.entries(table).map(([key, entry]) => `${JSON.stringify(key)}:${JSON.stringify(entry)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const source = process.argv[2];
  if (!source) throw new Error('usage: gen-schema-table.ts <pve-schema.json>');
  const full = JSON.parse(readFileSync(source, 'utf8')) as FullSchema;
  writeFileSync(new URL('../../golden/pve-schema-table.json', import.meta.url), printTable(reduceSchema(full)));
}
