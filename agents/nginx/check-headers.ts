import type { HeaderRule } from '@berth/proto/agent/v1/resource_pb.js';
import { shown } from './escape.ts';
import { headerName, headerValue } from './escape-http.ts';

/** A header to set or, without a value, to remove. The value stands in quotes. */
export type CheckedHeader = { readonly name: string; readonly value?: string };

const MAX_RULES = 50;
/** Hop by hop (RFC 9110, 7.6.1) or about where a message begins and ends: nginx's own affair. */
const FRAMING = [
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** What nginx writes itself in an answer, orders to nginx, and the mark of its own pages. */
const ANSWER = ['date', 'server', 'x-berth-error'];

/**
 * Checks rules about the headers of the request or the response; a string says what is wrong with them. Where several
 * are about one header the last holds, whatever the case of its letters.
 */
export function checkHeaders(
  rules: readonly HeaderRule[],
  where: 'request' | 'response',
): readonly CheckedHeader[] | string {
  if (rules.length > MAX_RULES) return `there are more than ${MAX_RULES} rules about headers of the ${where}`;
  const checked = new Map<string, CheckedHeader>();
  for (const rule of rules) {
    const name = headerName(rule.name);
    if (name === undefined) return `${shown(rule.name)} is not the name of a header`;
    const key = name.toLowerCase();
    if (isOurs(key, where)) return `the header ${name} of the ${where} is the ingress's own`;
    const value = rule.value === '' ? undefined : headerValue(rule.value);
    if (rule.value !== '' && value === undefined) {
      return `the value of ${name} must be printable ASCII without "$" and "\\", with quotes of one kind at most`;
    }
    checked.delete(key);
    checked.set(key, { name, ...(value !== undefined && { value }) });
  }
  return [...checked.values()];
}

function isOurs(key: string, where: 'request' | 'response'): boolean {
  if (FRAMING.includes(key)) return true;
  return where === 'response' && (ANSWER.includes(key) || key.startsWith('x-accel-'));
}
