import { parseUpload, type UploadedFile } from './multipart.ts';
import { PveError } from './pve-error.ts';

// From bytes to parameters, by the rules of PVE's own HTTP server, oddities included: `;` separates form parameters
// like `&`, a second `=` cuts a value short, a name given twice becomes an array, and the query wins over the body.

/** A request as it came in; `body` is empty when there was none. */
export interface SimRequest {
  method: string;
  /** Path and query as sent. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface Target {
  format: 'json' | 'extjs';
  /** Normalised path below the format: `/nodes/pve1/lxc`, or `/` for the root. */
  path: string;
  query: string;
}

/** Bytes a body other than an upload may have. */
export const BODY_LIMIT = 512 * 1024;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

/** What is asked for; throws the bare-text refusals of a wrong method, prefix or format. */
export function parseTarget(request: SimRequest): Target {
  if (!METHODS.includes(request.method)) {
    throw new PveError(501, `method '${request.method}' not available`, { body: 'empty' });
  }
  const [raw = '', query = ''] = request.url.split(/\?(.*)/s);
  const match = /^\/+api2(?:\/+([a-z]+))?(\/.*)?$/.exec(raw);
  if (!match) throw new PveError(500, `no such file '${raw}'`, { body: 'text' });
  const path = `/${(match[2] ?? '')
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;
  const format = match[1] ?? 'html';
  if (format !== 'json' && format !== 'extjs') {
    throw new PveError(501, `no formatter for uri ${path}, ${format}`, { body: 'text' });
  }
  return { format, path, query };
}

/** Raw parameters of a request, and the file of an upload. */
export function parseParams(
  request: SimRequest,
  query: string,
): { raw: Record<string, unknown>; file: UploadedFile | undefined } {
  const type = request.headers['content-type'] ?? '';
  const hasBody = request.body.length > 0 || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody && (request.method === 'GET' || request.method === 'DELETE')) {
    throw new PveError(501, `Unexpected content for method '${request.method}'`, { body: 'text' });
  }
  if (hasBody && type.startsWith('multipart/form-data')) {
    const { fields, file } = parseUpload(type, request.body);
    return { raw: { ...fields, ...parseForm(query) }, file };
  }
  if (request.body.length > BODY_LIMIT) throw new PveError(501, 'for data too large', { body: 'text' });
  const body = hasBody ? parseBody(type, request.body) : {};
  return { raw: { ...body, ...parseForm(query) }, file: undefined };
}

function parseBody(type: string, body: Buffer): Record<string, unknown> {
  if (type.startsWith('application/json')) return parseJson(body.toString('utf8'));
  if (type.startsWith('application/x-www-form-urlencoded')) return parseForm(body.toString('latin1'));
  throw new PveError(506, `upload 'Content-Type '${type}' not implemented`, { body: 'text' });
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    const where = `character offset ${text.length} (before "(end of string)")`;
    const reason = `malformed JSON string, neither tag, array, object, number, string or atom, at ${where}`;
    throw new PveError(500, `${reason} at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.`, { body: 'text' });
  }
}

function parseForm(text: string): Record<string, unknown> {
  const found: Record<string, string | string[]> = {};
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue;
    const [rawName = '', rawValue = ''] = pair.split('=');
    const name = unescapeForm(rawName);
    const value = unescapeForm(rawValue);
    const before = found[name];
    found[name] = before === undefined ? value : [before, value].flat();
  }
  return found;
}

// Bytes that are no UTF-8 are kept as Latin-1 characters rather than refused.
function unescapeForm(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  const latin = spaced.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  try {
    return strictUtf8.decode(Buffer.from(latin, 'latin1'));
  } catch {
    return latin;
  }
}
