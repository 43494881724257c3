import type { CheckedHeader } from './check-headers.ts';
import type { NginxConfig } from './config.ts';
import { IDENTITY_HEADERS } from './render-sign-in.ts';

/** What nginx says to a backend about the request, by variables. */
type Said = { readonly host: string; readonly port: string };

/**
 * The headers that every backend gets. Nothing a client says about where it comes from or who it is is passed on: each of
 * these headers has one value, nginx's own, and cookies of Berth's own stay here.
 * @param plain whether the server answers over plain HTTP, too; its port then depends on the request
 */
export function requestHeaders({ httpsPort }: NginxConfig, plain: boolean): CheckedHeader[] {
  const { host, port } = plain ? { host: '$berth_host', port: '$berth_port' } : overTls(httpsPort);
  return [
    { name: 'Host', value: host },
    { name: 'Upgrade', value: '$http_upgrade' },
    { name: 'Connection', value: '$berth_connection' },
    { name: 'X-Real-IP', value: '$remote_addr' },
    { name: 'X-Request-Id', value: '$berth_request_id' },
    { name: 'X-Forwarded-For', value: '$remote_addr' },
    { name: 'X-Forwarded-Proto', value: '$scheme' },
    { name: 'X-Forwarded-Host', value: host },
    { name: 'X-Forwarded-Port', value: port },
    { name: 'X-Forwarded-Prefix' },
    { name: 'Forwarded' },
    { name: 'Cookie', value: '$berth_app_cookie' },
    ...IDENTITY_HEADERS.map((name) => ({ name })),
  ];
}

/** A list with the changes made to it; names are equal whatever their case. */
export function changedHeaders(base: readonly CheckedHeader[], ...changes: CheckedHeader[]): CheckedHeader[] {
  const headers = new Map(base.map((header) => [header.name.toLowerCase(), header]));
  for (const change of changes) headers.set(change.name.toLowerCase(), change);
  return [...headers.values()];
}

/** `proxy_set_header` lines; an empty value keeps nginx from passing a header on. */
export function setHeaders(headers: readonly CheckedHeader[]): string[] {
  return headers.map(({ name, value }) => `proxy_set_header ${name} ${value ?? '""'};`);
}

/** Maps behind the variables of servers that answer over plain HTTP, too. */
export function plainMaps({ httpPort, httpsPort }: NginxConfig): string {
  return `  map $https $berth_port {
    default ${httpPort};
    on ${httpsPort};
  }
  map $https $berth_host {
    default $host${httpPort === 80 ? '' : `:${httpPort}`};
    on ${overTls(httpsPort).host};
  }`;
}

function overTls(httpsPort: number): Said {
  return { host: httpsPort === 443 ? '$host' : `$host:${httpsPort}`, port: String(httpsPort) };
}
