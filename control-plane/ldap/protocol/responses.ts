/** Answers as bytes. Whatever is the same each time is made once. */
import { element, integer, integerSize, lengthSize, string, writeLength } from '../ber/writer.ts';
import { Oid } from './oids.ts';
import type { Request } from './requests.ts';
import { type Result, type ResultCode, SUCCESS } from './result-codes.ts';

const EXTENDED_RESPONSE = 0x78;
/** Tags of the answers that end an operation; requests that get none (unbind, abandon) are left out. */
const RESPONSES: Readonly<Partial<Record<Request['op'], number>>> = {
  bind: 0x61,
  search: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  rename: 0x6d,
  compare: 0x6f,
  extended: EXTENDED_RESPONSE,
};

function resultContents({ code, matchedDn = '', message = '' }: Result): Buffer[] {
  return [integer(code, 0x0a), string(matchedDn), string(message)];
}

/** The answer that ends an operation, or undefined for those that have none. */
export function response(op: Request['op'], result: Result): Buffer | undefined {
  const tag = RESPONSES[op];
  return tag === undefined ? undefined : element(tag, ...resultContents(result));
}

/** The answer that ends a successful search. */
export const SEARCH_DONE = element(0x65, ...resultContents(SUCCESS));

/** The answer to an extended operation. */
export function extendedResponse(result: Result, oid?: string, value?: Uint8Array): Buffer {
  const parts = resultContents(result);
  if (oid !== undefined) parts.push(string(oid, 0x8a));
  if (value !== undefined) parts.push(string(value, 0x8b));
  return element(EXTENDED_RESPONSE, ...parts);
}

/** Bytes that a message takes around an answer of `length` bytes. */
export function messageSize(id: number, length: number): number {
  const contents = 2 + integerSize(id) + length;
  return 1 + lengthSize(contents) + contents;
}

/** Writes a message around an answer, with controls where there are any. @returns where writing goes on */
export function writeMessage(into: Buffer, at: number, id: number, answer: Uint8Array, controls?: Uint8Array): number {
  const size = integerSize(id);
  into[at] = 0x30;
  let pos = writeLength(into, at + 1, 2 + size + answer.length + (controls?.length ?? 0));
  into[pos++] = 0x02;
  into[pos++] = size;
  for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) into[pos++] = (id >>> shift) & 0xff;
  into.set(answer, pos);
  pos += answer.length;
  if (!controls) return pos;
  into.set(controls, pos);
  return pos + controls.length;
}

/** A whole message. */
export function message(id: number, answer: Uint8Array, controls?: Uint8Array): Buffer {
  const into = Buffer.allocUnsafe(messageSize(id, answer.length + (controls?.length ?? 0)));
  writeMessage(into, 0, id, answer, controls);
  return into;
}

/** The unasked-for message that a connection ends with (RFC 4511, 4.4.1). */
export function noticeOfDisconnection(code: ResultCode, why: string): Buffer {
  return message(0, extendedResponse({ code, message: why }, Oid.noticeOfDisconnection));
}
