import {
  type BerReader,
  BOOLEAN,
  INTEGER,
  malformed,
  OCTET_STRING,
  BerReader as Reader,
  SEQUENCE,
} from '../ber/reader.ts';
import { element, integer, string } from '../ber/writer.ts';
import { Oid } from './oids.ts';
import { RequestFault, ResultCode } from './result-codes.ts';

const CONTROLS_TAG = 0xa0;
const MOST_CONTROLS = 16;

/** What the controls of a request ask for. */
export interface Controls {
  /** Results in pages (RFC 2696). */
  paged?: { size: number; cookie: Buffer };
  /** Whether the client understands answers about password policy. */
  passwordPolicy?: boolean;
  /** A control that must be honoured and is not known here. */
  unknownCritical?: string;
}

/** No controls. */
export const NO_CONTROLS: Controls = {};

/**
 * Reads the controls that follow a request. Controls without a value are what SSSD sends for its password policy.
 * @throws MalformedBer, RequestFault
 */
export function readControls(reader: BerReader, limit: number): Controls {
  if (reader.pos === limit) return NO_CONTROLS;
  const end = reader.expect(CONTROLS_TAG, limit);
  const controls: Controls = {};
  for (let count = 0; reader.pos < end; count += 1) {
    if (count === MOST_CONTROLS) throw new RequestFault(ResultCode.adminLimitExceeded, 'too many controls');
    readControl(reader, end, controls);
  }
  reader.close(limit);
  return controls;
}

function readControl(reader: BerReader, limit: number, into: Controls): void {
  const end = reader.expect(SEQUENCE, limit);
  const oid = reader.latin1(OCTET_STRING, end);
  const critical = reader.peek(end) === BOOLEAN && reader.boolean(BOOLEAN, end);
  const value = reader.pos < end ? reader.octets(OCTET_STRING, end) : undefined;
  reader.close(end);
  if (oid === Oid.passwordPolicy) into.passwordPolicy = true;
  else if (oid === Oid.pagedResults) into.paged = readPaged(value);
  else if (critical) into.unknownCritical ??= oid;
}

function readPaged(value: Buffer | undefined): { size: number; cookie: Buffer } {
  if (!value) malformed();
  const reader = new Reader(value, 0, value.length);
  const end = reader.expect(SEQUENCE, value.length);
  const size = reader.integer(INTEGER, end);
  const cookie = reader.octets(OCTET_STRING, end);
  reader.close(end);
  reader.close(value.length);
  return { size, cookie };
}

/** The control that ends a page; an empty cookie says that it was the last. */
export function pagedResponse(cookie: Uint8Array): Buffer {
  const value = element(SEQUENCE, integer(0), string(cookie));
  return element(CONTROLS_TAG, element(SEQUENCE, string(Oid.pagedResults), string(value)));
}

/** The answer to a client that asked for password policy: nothing to warn of. */
export const PASSWORD_POLICY_RESPONSE = element(
  CONTROLS_TAG,
  element(SEQUENCE, string(Oid.passwordPolicy), string(element(SEQUENCE))),
);
