import type { CheckedAccess } from './check-options.ts';

/** `deny` and `allow` lines, the same for HTTP and streams. Denied first: nginx takes the first that matches. */
export function accessLines({ allow, deny }: CheckedAccess): string[] {
  const allowed = allow.map((network) => `allow ${network};`);
  return [...deny.map((network) => `deny ${network};`), ...allowed, ...(allow.length > 0 ? ['deny all;'] : [])];
}
