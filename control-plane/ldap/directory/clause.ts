/**
 * A filter made ready for entries: attributes looked up, values turned into keys. Evaluation knows three answers, as
 * RFC 4511, 4.5.1.7 wants it: what is asserted of an unknown attribute, or with a value that is none, is undefined, and
 * "not" leaves it so.
 */
import type { Filter } from '../protocol/filter.ts';
import { type AttributeType, attributeType } from '../schema/attributes.ts';
import { beginEffort, spend } from './effort.ts';
import type { Entry } from './entry.ts';

/** A clause; `key` is what its syntax makes of the value. */
export type Clause =
  | { op: 'and' | 'or'; parts: readonly Clause[] }
  | { op: 'not'; part: Clause }
  | { op: 'equal'; type: AttributeType; key: string | number }
  | { op: 'atLeast' | 'atMost'; type: AttributeType; key: string | number }
  | { op: 'present'; type: AttributeType }
  | { op: 'substrings'; type: AttributeType; initial: string; any: readonly string[]; final: string }
  | { op: 'undefined' };

const UNDEFINED: Clause = { op: 'undefined' };

/** Makes a filter ready. */
export function clauseOf(filter: Filter): Clause {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { op: filter.op, parts: filter.parts.map(clauseOf) };
    case 'not':
      return { op: 'not', part: clauseOf(filter.part) };
    case 'present': {
      const type = attributeType(filter.attribute);
      return type ? { op: 'present', type } : UNDEFINED;
    }
    case 'equal':
      return equality(attributeType(filter.attribute), filter.value);
    case 'greaterOrEqual':
    case 'lessOrEqual':
      return ordering(filter.op === 'greaterOrEqual' ? 'atLeast' : 'atMost', filter.attribute, filter.value);
    case 'substrings':
      return substrings(filter);
    case 'extensible':
      return extensible(filter);
  }
}

function equality(type: AttributeType | undefined, value: Buffer): Clause {
  const key = type?.syntax.key(value.toString());
  return type && key !== undefined ? { op: 'equal', type, key } : UNDEFINED;
}

function ordering(op: 'atLeast' | 'atMost', attribute: string, value: Buffer): Clause {
  const type = attributeType(attribute);
  const key = type?.syntax.rules.ordering ? type.syntax.key(value.toString()) : undefined;
  return type && key !== undefined ? { op, type, key } : UNDEFINED;
}

function substrings(filter: Filter & { op: 'substrings' }): Clause {
  const type = attributeType(filter.attribute);
  const piece = type?.syntax.piece;
  if (!type || !piece) return UNDEFINED;
  const read = (bytes: Buffer | undefined) => (bytes ? piece(bytes.toString()) : '');
  const initial = read(filter.initial);
  const final = read(filter.final);
  const any = filter.any.map(read).filter((part) => part !== undefined);
  if (initial === undefined || final === undefined || any.length < filter.any.length) return UNDEFINED;
  return { op: 'substrings', type, initial, any, final };
}

/** Rules that name the equality an attribute has anyway; others are not known. */
function extensible(filter: Filter & { op: 'extensible' }): Clause {
  const type = attributeType(filter.attribute);
  const { rule } = filter;
  const usual = rule === '' || rule.toLowerCase() === type?.syntax.rules.equality.toLowerCase();
  return usual ? equality(type, filter.value) : UNDEFINED;
}

/** Whether an entry is one that a filter asks for. @throws RequestFault when that takes too long to find out */
export function matches(clause: Clause, entry: Entry): boolean {
  beginEffort();
  return evaluate(clause, entry) === true;
}

/** Whether a clause holds of an entry; undefined where that cannot be said. */
function evaluate(clause: Clause, entry: Entry): boolean | undefined {
  switch (clause.op) {
    case 'and':
      return all(clause.parts, entry);
    case 'or':
      return any(clause.parts, entry);
    case 'not': {
      const holds = evaluate(clause.part, entry);
      return holds === undefined ? undefined : !holds;
    }
    case 'equal':
      return entry.has(clause.type, clause.key);
    case 'present':
      return entry.values(clause.type).length > 0;
    case 'atLeast':
    case 'atMost':
      return isOrdered(clause, entry);
    case 'substrings':
      return hasPieces(clause, entry);
    case 'undefined':
      return undefined;
  }
}

function all(parts: readonly Clause[], entry: Entry): boolean | undefined {
  let result: boolean | undefined = true;
  for (const part of parts) {
    const holds = evaluate(part, entry);
    if (holds === false) return false;
    if (holds === undefined) result = undefined;
  }
  return result;
}

function any(parts: readonly Clause[], entry: Entry): boolean | undefined {
  let result: boolean | undefined = false;
  for (const part of parts) {
    const holds = evaluate(part, entry);
    if (holds) return true;
    if (holds === undefined) result = undefined;
  }
  return result;
}

function isOrdered({ op, type, key }: Clause & { op: 'atLeast' | 'atMost' }, entry: Entry): boolean {
  for (const value of entry.values(type)) {
    const own = type.syntax.key(value);
    if (own !== undefined && (op === 'atLeast' ? own >= key : own <= key)) return true;
  }
  return false;
}

function hasPieces(clause: Clause & { op: 'substrings' }, entry: Entry): boolean {
  const { type, initial, any: middle, final } = clause;
  const values = entry.values(type);
  spend(values.length * (1 + middle.length));
  for (const value of values) {
    const key = String(type.syntax.key(value) ?? '');
    if (!key.startsWith(initial) || !key.endsWith(final)) continue;
    let pos = initial.length;
    for (const part of middle) {
      const at = key.indexOf(part, pos);
      pos = at < 0 ? Number.POSITIVE_INFINITY : at + part.length;
    }
    if (pos + final.length <= key.length) return true;
  }
  return false;
}
