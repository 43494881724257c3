import type { FieldErrors } from './pve-error.ts';
import type { ParamSchema } from './schema.ts';
import { checkValues } from './validate.ts';

export type PropertyFormat = Record<string, ParamSchema>;
export type Properties = Record<string, string>;

/** Either the properties, or PVE's complaint (its first line and one text per property). */
export type PropertyResult = { ok: Properties } | { text: string; errors: FieldErrors };

const BOOLEANS: Record<string, string> = {
  '1': '1',
  on: '1',
  yes: '1',
  true: '1',
  '0': '0',
  off: '0',
  no: '0',
  false: '0',
};

/** Splits `name=eth0,bridge=vmbr0` by its format and checks every property; `path` prefixes the errors' keys. */
export function parsePropertyString(format: PropertyFormat, text: string, path?: string): PropertyResult {
  const found: Properties = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const complaint = takePart(format, part, found);
    if (complaint) return { text: complaint, errors: {} };
  }
  const errors = checkValues(format, found, path);
  return Object.keys(errors).length > 0 ? { text: 'format error', errors } : { ok: found };
}

function takePart(format: PropertyFormat, part: string, found: Properties): string | undefined {
  const pair = /^([^=]+)=(.+)$/s.exec(part);
  if (!pair && part.includes('=')) return 'missing key in comma-separated list property';
  const key = pair?.[1] ?? defaultKey(format);
  if (key === undefined) return 'value without key, but schema does not define a default key';
  const schema = format[key];
  if (!schema) return `invalid key in comma-separated list property: ${key}`;
  if (found[key] !== undefined) return `duplicate key in comma-separated list property: ${key}`;
  const value = pair?.[2] ?? part;
  found[key] = schema.type === 'boolean' ? (BOOLEANS[value.toLowerCase()] ?? value) : value;
  return undefined;
}

function defaultKey(format: PropertyFormat): string | undefined {
  return Object.keys(format).find((key) => format[key]?.default_key);
}

/** Prints properties in PVE's order: the default key bare, then required ones, then the others by name. */
export function printPropertyString(format: PropertyFormat, properties: Properties): string {
  const first = defaultKey(format);
  const rank = (key: string): number => (key === first ? 0 : format[key]?.optional ? 2 : 1);
  return Object.keys(properties)
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((key) => (key === first ? `${properties[key]}` : `${key}=${properties[key]}`))
    .join(',');
}
