import { checkFormat } from './formats.ts';
import { parsePropertyString } from './property-string.ts';
import { type FieldErrors, invalidParams } from './pve-error.ts';
import type { ParamSchema } from './schema.ts';

// Parameter validation, driven by the schema table alone: the same order of checks and the same words as the real
// API, so that a client's handling of a refusal can be trusted. Only the first complaint about a field is kept.

type Schemas = Record<string, ParamSchema>;

const MISSING = 'property is missing and it is not optional';
const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties';
const REFUSED_TYPE = (type: string, value: unknown): string =>
  `type check ('${type}') failed - got ${Array.isArray(value) ? 'ARRAY' : typeof value === 'object' ? 'HASH' : `'${value}'`}`;

/** What a handler sees: integers and numbers as numbers, booleans as 0 or 1, null where JSON sent null. */
export type Params = Record<string, string | number | null>;

/** Checks raw request values and converts them; throws the 400 with one text per refused field. */
export function validate(schemas: Schemas, raw: Record<string, unknown>): Params {
  const errors = checkValues(schemas, raw);
  if (Object.keys(errors).length > 0) throw invalidParams(errors);
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, convert(schemaFor(schemas, name), value)]),
  );
}

/** The complaints about a set of values, by field; empty when all is well. */
export function checkValues(schemas: Schemas, values: Record<string, unknown>, path?: string): FieldErrors {
  const errors: FieldErrors = {};
  const keyOf = (name: string): string => (path ? `${path}.${name}` : name);
  for (const [name, schema] of Object.entries(schemas)) {
    const given = values[name] !== undefined && values[name] !== null;
    if (!given && !schema.optional && !name.endsWith('[n]')) errors[keyOf(name)] = MISSING;
  }
  for (const [name, value] of Object.entries(values)) {
    const schema = schemaFor(schemas, name);
    const complaint = schema ? checkOne(schema, value, keyOf(name)) : UNKNOWN;
    if (complaint) errors[keyOf(name)] ??= complaint;
    const needed = schema?.requires;
    if (needed && values[needed] === undefined) {
      errors[keyOf(needed)] ??= `missing property - '${keyOf(name)}' requires this property`;
    }
  }
  return errors;
}

function schemaFor(schemas: Schemas, name: string): ParamSchema | undefined {
  if (Object.hasOwn(schemas, name)) return name.endsWith('[n]') ? undefined : schemas[name];
  const numbered = /^(.+?)(0|[1-9]\d{0,2})$/.exec(name);
  return numbered ? schemas[`${numbered[1]}[n]`] : undefined;
}

function checkOne(schema: ParamSchema, value: unknown, path: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  return checkType(schema, value) ?? checkText(schema, String(value), path);
}

function checkType(schema: ParamSchema, value: unknown): string | undefined {
  const type = schema.type ?? 'string';
  if (typeof value === 'object') return REFUSED_TYPE(type, value);
  if (type === 'boolean') {
    return typeof value === 'boolean' || /^[01]$/.test(String(value)) ? undefined : REFUSED_TYPE(type, value);
  }
  if (type === 'integer') return /^[+-]?\d+$/.test(String(value)) ? undefined : REFUSED_TYPE(type, value);
  if (type === 'number') {
    return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(String(value)) ? undefined : REFUSED_TYPE(type, value);
  }
  return undefined;
}

function checkText(schema: ParamSchema, text: string, path: string): string | undefined {
  const wrongFormat = schema.format === undefined ? undefined : checkByFormat(schema.format, text, path);
  if (wrongFormat) return `invalid format - ${wrongFormat}\n`;
  if (schema.pattern !== undefined && !new RegExp(`^(?:${schema.pattern})$`).test(text)) {
    return 'value does not match the regex pattern';
  }
  if (schema.maxLength !== undefined && [...text].length > schema.maxLength) {
    return `value may only be ${schema.maxLength} characters long`;
  }
  if (schema.minLength !== undefined && [...text].length < schema.minLength) {
    return `value must be at least ${schema.minLength} characters long`;
  }
  return checkRange(schema, text);
}

function checkRange(schema: ParamSchema, text: string): string | undefined {
  if (schema.type === 'integer' || schema.type === 'number') {
    if (schema.minimum !== undefined && Number(text) < Number(schema.minimum)) {
      return `value must have a minimum value of ${schema.minimum}`;
    }
    if (schema.maximum !== undefined && Number(text) > Number(schema.maximum)) {
      return `value must have a maximum value of ${schema.maximum}`;
    }
  }
  if (schema.enum && !schema.enum.includes(text)) {
    return `value '${text}' does not have a value in the enumeration '${schema.enum.join(', ')}'`;
  }
  return undefined;
}

function checkByFormat(format: string | Schemas, text: string, path: string): string | undefined {
  if (typeof format === 'string') return checkFormat(format, text);
  const parsed = parsePropertyString(format, text, path);
  if ('ok' in parsed) return undefined;
  const details = Object.entries(parsed.errors).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [parsed.text, ...details.map(([key, complaint]) => `${key}: ${complaint}`)].join('\n');
}

function convert(schema: ParamSchema | undefined, value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (schema?.type === 'boolean') return value === true || value === '1' || value === 1 ? 1 : 0;
  if (schema?.type === 'integer' || schema?.type === 'number') return Number(value);
  return String(value);
}
