import { readFileSync } from 'node:fs';

/** One parameter as the API schema declares it; numbers may be written as text there. */
export interface ParamSchema {
  type?: 'string' | 'integer' | 'number' | 'boolean';
  optional?: number;
  format?: string | Record<string, ParamSchema>;
  pattern?: string;
  enum?: string[];
  minimum?: number | string;
  maximum?: number | string;
  minLength?: number;
  maxLength?: number;
  requires?: string;
  default_key?: number;
}

/** `['perm', path, [privileges], 'any'?, …]`, or `and` / `or` over such expressions. */
export type Check = readonly [string, ...unknown[]];

export interface MethodSchema {
  parameters: Record<string, ParamSchema>;
  permissions: { user?: 'all' | 'world'; check?: Check } | null;
}

/** A method found for a request, with what its path template captured. */
export interface Found {
  key: string;
  schema: MethodSchema;
  captured: Record<string, string>;
}

interface Route {
  method: string;
  key: string;
  names: string[];
  pattern: RegExp;
  schema: MethodSchema;
}

const table = JSON.parse(
  readFileSync(new URL('../../golden/pve-schema-table.json', import.meta.url), 'utf8'),
) as Record<string, MethodSchema>;
const routes: Route[] = Object.entries(table).map(([key, schema]) => {
  const [method = '', path = ''] = key.split(' ');
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  return { method, key, names, pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`), schema };
});

/** Finds the method for a normalised path (`/nodes/pve1/lxc`); captured parts come back percent-decoded. */
export function findMethod(method: string, path: string): Found | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = route.pattern.exec(path);
    if (!match) continue;
    const captured: Record<string, string> = {};
    for (const [i, name] of route.names.entries()) captured[name] = decodeURIComponent(match[i + 1] ?? '');
    return { key: route.key, schema: route.schema, captured };
  }
  return undefined;
}

/** The parameters of a supported method. Throws on a key outside the table. */
export function parametersOf(key: string): Record<string, ParamSchema> {
  const entry = table[key];
  if (!entry) throw new Error(`not in the schema table: ${key}`);
  return entry.parameters;
}

/** The property-string format of one parameter, for example `net[n]` of a container. */
export function propertyFormat(key: string, name: string): Record<string, ParamSchema> {
  const format = parametersOf(key)[name]?.format;
  if (typeof format !== 'object') throw new Error(`${name} of ${key} is no property string`);
  return format;
}
