import type { Reply } from './call.ts';
import type { PveError } from './pve-error.ts';

/** An answer, ready for the wire. */
export interface SimResponse {
  status: number;
  statusText: string;
  headers: Record<string, string>;
  body: string;
}

const JSON_TYPE = 'application/json;charset=UTF-8';

/** A success in the asked-for format. */
export function replyResponse(format: 'json' | 'extjs', reply: Reply): SimResponse {
  const { data, total } = reply;
  const content = { data, ...(total === undefined ? {} : { total }), ...(format === 'extjs' ? { success: 1 } : {}) };
  const headers = { 'content-type': JSON_TYPE, connection: 'Keep-Alive' };
  return { status: 200, statusText: 'OK', headers, body: JSON.stringify(content) };
}

/** A refusal: JSON with the message, bare text or nothing; `extjs` hides the status in a 200. */
export function errorResponse(format: 'json' | 'extjs', error: PveError): SimResponse {
  const { status, errors } = error;
  const statusText = error.message.split('\n')[0] ?? '';
  if (error.body !== 'json') {
    const body = error.body === 'text' ? error.message : '';
    return { status, statusText, headers: { connection: 'close' }, body };
  }
  const headers = { 'content-type': JSON_TYPE, connection: 'close' };
  const content = { data: null, message: `${error.message}\n`, ...(errors ? { errors } : {}) };
  if (format === 'json') return { status, statusText, headers, body: JSON.stringify(content) };
  const wrapped = { ...content, success: 0, status: String(status) };
  return { status: 200, statusText: 'OK', headers, body: JSON.stringify(wrapped) };
}
