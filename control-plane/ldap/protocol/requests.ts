/**
 * What clients ask, read strictly and as a whole: a request either comes out of here complete and within its limits,
 * or it is refused before anything else sees a byte of it. The codec is our own: behind a validating framing ldapjs
 * reached 0.89 of slapd's searches, with faults left in its filters and controls; the aim was 1.3.
 */
import { BerReader, BOOLEAN, ENUMERATED, INTEGER, MalformedBer, OCTET_STRING, SEQUENCE, SET } from '../ber/reader.ts';
import { type Controls, NO_CONTROLS, readControls } from './controls.ts';
import { type Filter, readFilter } from './filter.ts';
import { RequestFault, type Result, ResultCode } from './result-codes.ts';

/** Scope of a search: the entry itself, its children, or the whole tree below it with itself. */
export type Scope = 'base' | 'one' | 'sub';

export interface BindRequest {
  op: 'bind';
  version: number;
  name: string;
  /** Absent for any method but the simple one. */
  password: Buffer | undefined;
}

export interface SearchRequest {
  op: 'search';
  base: string;
  scope: Scope;
  /** Entries at most; 0 for no limit of the client's. */
  sizeLimit: number;
  /** Seconds at most; 0 for no limit of the client's. */
  timeLimit: number;
  typesOnly: boolean;
  filter: Filter;
  /** The list of attributes asked for as it was sent, one character a byte: equal lists are equal strings. */
  attributes: string;
}

export interface Modification {
  kind: 'add' | 'delete' | 'replace' | 'increment';
  attribute: string;
  values: Buffer[];
}

/** A request. */
export type Request =
  | BindRequest
  | SearchRequest
  | { op: 'unbind' }
  | { op: 'abandon'; id: number }
  | { op: 'compare'; dn: string; attribute: string; value: Buffer }
  | { op: 'modify'; dn: string; modifications: Modification[] }
  | { op: 'extended'; oid: string; value: Buffer | undefined }
  /** Add, delete and rename: read no further, for they are refused. */
  | { op: 'add' | 'delete' | 'rename' };

/** A message with its request. */
export interface Message {
  id: number;
  request: Request;
  controls: Controls;
}

/** A message whose request is refused; `op` says in which form. */
export interface RefusedMessage {
  id: number;
  op: Request['op'];
  result: Result;
}

const OPERATIONS: Readonly<Record<number, Request['op']>> = {
  96: 'bind',
  66: 'unbind',
  99: 'search',
  102: 'modify',
  104: 'add',
  74: 'delete',
  108: 'rename',
  110: 'compare',
  80: 'abandon',
  119: 'extended',
};

/**
 * Reads one whole message.
 * @returns undefined when not even its envelope can be read, after which the connection must end (RFC 4511, 4.1.1)
 */
export function readMessage(bytes: Buffer, start: number, end: number): Message | RefusedMessage | undefined {
  const reader = new BerReader(bytes, start, end);
  let id = 0;
  let op: Request['op'] | undefined;
  try {
    const limit = reader.expect(SEQUENCE, end);
    id = reader.integer(INTEGER, limit);
    op = OPERATIONS[reader.peek(limit)];
    if (id === 0 || !op) return undefined;
    reader.open(limit);
    const operationEnd = reader.end;
    const request = readRequest(reader, op, operationEnd);
    reader.close(operationEnd);
    return { id, request, controls: reader.pos === limit ? NO_CONTROLS : readControls(reader, limit) };
  } catch (error) {
    if (!op) return undefined;
    if (error instanceof RequestFault) return { id, op, result: error.result };
    if (error instanceof MalformedBer) {
      return { id, op, result: { code: ResultCode.protocolError, message: 'the request cannot be read' } };
    }
    throw error;
  }
}

function readRequest(reader: BerReader, op: Request['op'], end: number): Request {
  switch (op) {
    case 'bind':
      return readBind(reader, end);
    case 'search':
      return readSearch(reader, end);
    case 'compare':
      return readCompare(reader, end);
    case 'modify':
      return readModify(reader, end);
    case 'extended':
      return readExtended(reader, end);
    case 'abandon':
      return { op, id: readWholeInteger(reader, end) };
    default:
      reader.pos = end;
      return { op };
  }
}

function readBind(reader: BerReader, end: number): BindRequest {
  const version = reader.integer(INTEGER, end);
  const name = reader.text(OCTET_STRING, end);
  if (reader.peek(end) === 0x80) return { op: 'bind', version, name, password: reader.octets(0x80, end) };
  reader.open(end);
  reader.pos = reader.end;
  return { op: 'bind', version, name, password: undefined };
}

const SCOPES: readonly Scope[] = ['base', 'one', 'sub'];

function readSearch(reader: BerReader, end: number): SearchRequest {
  const base = reader.text(OCTET_STRING, end);
  const scope = SCOPES[reader.integer(ENUMERATED, end)];
  const aliases = reader.integer(ENUMERATED, end);
  const sizeLimit = reader.integer(INTEGER, end);
  const timeLimit = reader.integer(INTEGER, end);
  const typesOnly = reader.boolean(BOOLEAN, end);
  if (!scope || aliases > 3) throw new RequestFault(ResultCode.protocolError, 'no such scope or treatment of aliases');
  const filter = readFilter(reader, end);
  const list = reader.expect(SEQUENCE, end);
  const attributes = reader.bytes.toString('latin1', reader.pos, list);
  // Checked here, taken apart only when a list comes for the first time.
  while (reader.pos < list) reader.pos = reader.expect(OCTET_STRING, list);
  return { op: 'search', base, scope, sizeLimit, timeLimit, typesOnly, filter, attributes };
}

function readCompare(reader: BerReader, end: number): Request {
  const dn = reader.text(OCTET_STRING, end);
  const assertion = reader.expect(SEQUENCE, end);
  const attribute = reader.latin1(OCTET_STRING, assertion);
  const value = reader.octets(OCTET_STRING, assertion);
  reader.close(assertion);
  return { op: 'compare', dn, attribute, value };
}

const MODIFICATIONS: readonly Modification['kind'][] = ['add', 'delete', 'replace', 'increment'];
const MOST_MODIFICATIONS = 256;

function readModify(reader: BerReader, end: number): Request {
  const dn = reader.text(OCTET_STRING, end);
  const list = reader.expect(SEQUENCE, end);
  const modifications: Modification[] = [];
  while (reader.pos < list) {
    if (modifications.length === MOST_MODIFICATIONS) {
      throw new RequestFault(ResultCode.adminLimitExceeded, 'too many modifications');
    }
    const change = reader.expect(SEQUENCE, list);
    const kind = MODIFICATIONS[reader.integer(ENUMERATED, change)];
    if (!kind) throw new RequestFault(ResultCode.protocolError, 'no such modification');
    const attributeEnd = reader.expect(SEQUENCE, change);
    const attribute = reader.latin1(OCTET_STRING, attributeEnd);
    const set = reader.expect(SET, attributeEnd);
    const values: Buffer[] = [];
    while (reader.pos < set) values.push(reader.octets(OCTET_STRING, set));
    reader.close(attributeEnd);
    reader.close(change);
    modifications.push({ kind, attribute, values });
  }
  return { op: 'modify', dn, modifications };
}

function readExtended(reader: BerReader, end: number): Request {
  const oid = reader.latin1(0x80, end);
  const value = reader.peek(end) === 0x81 ? reader.octets(0x81, end) : undefined;
  return { op: 'extended', oid, value };
}

/** The contents of an element that is itself an integer. */
function readWholeInteger(reader: BerReader, end: number): number {
  if (end - reader.pos < 1 || end - reader.pos > 4) throw new MalformedBer();
  let value = 0;
  while (reader.pos < end) value = value * 256 + (reader.bytes[reader.pos++] as number);
  return value;
}
