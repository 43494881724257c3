import { pageKey, pageOf } from '../store/page-tokens.ts';
import { pageSize } from './validate/paging.ts';
import { Violations } from './validate/violations.ts';

/** A page of rows and the token of the next one, empty at the end. */
export interface Page<T> {
  rows: T[];
  nextPageToken: string;
}

/**
 * Reads one page.
 * @param list what is listed with which filter; a token of another list is refused
 * @param read reads up to `limit` rows after `key`, in the list's order
 * @throws AppError naming "page_size" or "page_token"
 */
export async function readPage<T>(
  list: string,
  request: { pageSize: number; pageToken: string },
  keyOf: (row: T) => string,
  read: (key: string | undefined, limit: number) => Promise<T[]>,
): Promise<Page<T>> {
  const found = new Violations();
  const size = pageSize(request.pageSize, found);
  found.refuse();
  const rows = await read(pageKey(list, request.pageToken), size + 1);
  return pageOf(list, rows, size, keyOf);
}

/** The key of a list by name: names need not be unique, identifiers are. */
export function nameKey(row: { name: string; id: string }): string {
  return `${row.name} ${row.id}`;
}

/** Splits a key made by `nameKey`. */
export function splitNameKey(key: string): { name: string; id: string } {
  const space = key.lastIndexOf(' ');
  return { name: key.slice(0, space), id: key.slice(space + 1) };
}
