import { isIP, isIPv6 } from 'node:net';

/** A server of names, or of updates of names. */
export interface ServerAddress {
  /** Name or address, IPv6 without brackets. */
  host: string;
  port: number;
}

const DNS_PORT = 53;
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** Reads HOST, HOST:PORT, an IPv6 address or [IPV6]:PORT; port 53 where none is said. @returns undefined for none of these */
export function parseServer(text: string): ServerAddress | undefined {
  if (isIPv6(text)) return { host: text, port: DNS_PORT };
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = digits === undefined ? DNS_PORT : Number(digits);
  const known = bracketed === undefined ? isIP(host) === 4 || isName(host) : isIPv6(host);
  return known && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** Whether it is the address of a server, with a port or without. */
export function isServerAddress(text: string): boolean {
  const server = parseServer(text);
  return server !== undefined && isIP(server.host) !== 0;
}

/** As `Resolver.setServers` takes it, where the host is an address; and as people read it. */
export function formatServer({ host, port }: ServerAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

// What ends like an address but is none would be taken for a name.
function isName(host: string): boolean {
  return NAME.test(host) && !/(^|\.)\d+$/.test(host);
}
