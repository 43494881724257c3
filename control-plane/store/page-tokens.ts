import * as z from 'zod';
import { invalid } from '../errors.ts';

const Token = z.tuple([z.string(), z.string().max(300)]);

/**
 * The token for the page after a row: the row's sort key, bound to the list it belongs to. It is not signed, for it
 * opens nothing: every page is authorised anew, and any key is a legal place to start.
 * @param list what is listed with which filter, e.g. "containers sit-01…"
 */
export function pageToken(list: string, key: string): string {
  return Buffer.from(JSON.stringify([list, key])).toString('base64url');
}

/**
 * The key a list goes on after; undefined for an empty token, which means the first page.
 * @throws AppError naming `page_token` when it is not a token of this list
 */
export function pageKey(list: string, token: string): string | undefined {
  if (token === '') return undefined;
  const parsed = Token.safeParse(parse(token));
  if (!parsed.success || parsed.data[0] !== list) {
    throw invalid([{ field: 'page_token', description: 'must be the next_page_token of the same list' }]);
  }
  return parsed.data[1];
}

/** Cuts a list read with one row too many into a page and the token of the next one, empty at the end. */
export function pageOf<T>(list: string, rows: readonly T[], size: number, keyOf: (row: T) => string) {
  const page = rows.slice(0, size);
  const last = page.at(-1);
  return { rows: page, nextPageToken: rows.length > size && last !== undefined ? pageToken(list, keyOf(last)) : '' };
}

function parse(token: string): unknown {
  if (!/^[\w-]{1,1000}$/.test(token)) return undefined;
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}
