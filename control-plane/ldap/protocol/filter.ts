import { type BerReader, malformed, OCTET_STRING } from '../ber/reader.ts';
import { RequestFault, ResultCode } from './result-codes.ts';

/** A search filter (RFC 4511, 4.5.1.7) as it was sent: attributes by the name given, values as bytes. */
export type Filter =
  | { op: 'and' | 'or'; parts: readonly Filter[] }
  | { op: 'not'; part: Filter }
  | { op: 'equal' | 'greaterOrEqual' | 'lessOrEqual'; attribute: string; value: Buffer }
  | { op: 'present'; attribute: string }
  | {
      op: 'substrings';
      attribute: string;
      initial: Buffer | undefined;
      any: readonly Buffer[];
      final: Buffer | undefined;
    }
  | { op: 'extensible'; rule: string; attribute: string; value: Buffer };

/** How deep filters may nest. The deepest that SSSD sends has four levels. */
const MOST_LEVELS = 32;
/** How many clauses a filter may have; SSSD's longest, of the addresses of a host for sudo, has some dozens. */
const MOST_CLAUSES = 1_024;

/** Reads a filter straight into its tree. @throws MalformedBer, RequestFault when it is too deep or too long */
export function readFilter(reader: BerReader, limit: number): Filter {
  return readClause(reader, limit, MOST_LEVELS, { left: MOST_CLAUSES });
}

function readClause(reader: BerReader, limit: number, levels: number, clauses: { left: number }): Filter {
  if (levels === 0 || clauses.left === 0)
    throw new RequestFault(ResultCode.adminLimitExceeded, 'the filter is too long');
  clauses.left -= 1;
  const tag = reader.open(limit);
  const { end } = reader;
  switch (tag) {
    case 0xa0:
    case 0xa1: {
      const parts: Filter[] = [];
      while (reader.pos < end) parts.push(readClause(reader, end, levels - 1, clauses));
      return { op: tag === 0xa0 ? 'and' : 'or', parts };
    }
    case 0xa2: {
      const part = readClause(reader, end, levels - 1, clauses);
      reader.close(end);
      return { op: 'not', part };
    }
    case 0xa3:
      return readAssertion(reader, end, 'equal');
    case 0xa4:
      return readSubstrings(reader, end, clauses);
    case 0xa5:
      return readAssertion(reader, end, 'greaterOrEqual');
    case 0xa6:
      return readAssertion(reader, end, 'lessOrEqual');
    case 0x87: {
      const attribute = reader.bytes.toString('latin1', reader.pos, end);
      reader.pos = end;
      return { op: 'present', attribute };
    }
    // An approximate match is left to the server (RFC 4511, 4.5.1.7.6); here it is equality.
    case 0xa8:
      return readAssertion(reader, end, 'equal');
    case 0xa9:
      return readExtensible(reader, end);
    default:
      return malformed();
  }
}

function readAssertion(reader: BerReader, end: number, op: 'equal' | 'greaterOrEqual' | 'lessOrEqual'): Filter {
  const attribute = reader.latin1(OCTET_STRING, end);
  const value = reader.octets(OCTET_STRING, end);
  reader.close(end);
  return { op, attribute, value };
}

function readSubstrings(reader: BerReader, end: number, clauses: { left: number }): Filter {
  const attribute = reader.latin1(OCTET_STRING, end);
  const list = reader.expect(0x30, end);
  let initial: Buffer | undefined;
  let final: Buffer | undefined;
  const any: Buffer[] = [];
  while (reader.pos < list) {
    const tag = reader.peek(list);
    const value = reader.octets(tag, list);
    // "initial" only comes first and "final" only last.
    if (final || value.length === 0) malformed();
    if (tag === 0x80 && !initial && any.length === 0) initial = value;
    else if (tag === 0x81) any.push(value);
    else if (tag === 0x82) final = value;
    else malformed();
    clauses.left = Math.max(0, clauses.left - 1);
  }
  if (!initial && !final && any.length === 0) malformed();
  reader.close(end);
  return { op: 'substrings', attribute, initial, any, final };
}

function readExtensible(reader: BerReader, end: number): Filter {
  const rule = reader.peek(end) === 0x81 ? reader.latin1(0x81, end) : '';
  const attribute = reader.peek(end) === 0x82 ? reader.latin1(0x82, end) : '';
  const value = reader.octets(0x83, end);
  // Whether the parts of the DN count as attributes too: they are attributes of the entry here anyway.
  if (reader.peek(end) === 0x84) reader.boolean(0x84, end);
  reader.close(end);
  if (rule === '' && attribute === '') malformed();
  return { op: 'extensible', rule, attribute, value };
}
