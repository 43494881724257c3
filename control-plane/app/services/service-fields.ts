import type { Row } from '../../store/schema.ts';
import { readServiceOptions, type ServiceOptions } from '../../store/service-options.ts';
import type { ServiceRow } from '../../store/services.ts';

/** Options as asked for: groups as people call them, and passwords, empty for a name that keeps its own. */
export interface AskedOptions extends Omit<ServiceOptions, 'basicAuth'> {
  basicAuth: { name: string; password: string }[];
}

/** A service as asked for, defaults filled in. */
export interface ServiceFields {
  kind: 'http' | 'tcp' | 'udp';
  internalPort: number;
  /** Names of an HTTP service, the first one first. */
  hosts: string[];
  /** "/" for all paths. */
  path: string;
  backendTls: boolean;
  /** 0: the lowest free one. */
  externalPort: number;
  tls: Row<'services'>['tls'];
  /** With TLS, the name by which a TCP service is asked for. */
  sniHost: string;
  options: AskedOptions;
}

/** What people decided about a service, as the audit tells it: all that is no secret and not the default. */
export function auditedService(row: ServiceRow): Record<string, unknown> {
  const { basicAuth, ...options } = JSON.parse(row.options ?? '{}') as Partial<ServiceOptions>;
  return {
    kind: row.kind,
    internalPort: row.internal_port,
    ...(row.kind === 'http' ? { hosts: hostsOf(row), path: pathOf(row) } : { externalPort: row.external_port }),
    ...(row.backend_tls === 1 ? { backendTls: true } : {}),
    ...(row.tls ? { tls: row.tls, sniHost: row.sni_host } : {}),
    ...options,
    ...(basicAuth ? { basicAuth: basicAuth.map(({ name }) => name) } : {}),
  };
}

/** The names of whom a change gives another password at the ingress; the audit tells these only. */
export function repasswordedIn(before: ServiceRow, after: ServiceRow): string[] {
  const former = new Map(readServiceOptions(before.options).basicAuth.map(({ name, hash }) => [name, hash]));
  const now = readServiceOptions(after.options).basicAuth;
  return now.filter(({ name, hash }) => former.has(name) && former.get(name) !== hash).map(({ name }) => name);
}

/** The names of an HTTP service. */
export function hostsOf({ names }: ServiceRow): string[] {
  return names.map(({ host }) => host);
}

/** The prefix of the paths that an HTTP service serves, the same under all its names; "/" for all. */
export function pathOf({ names }: ServiceRow): string {
  return names[0]?.path ?? '/';
}

/** A service as people speak of it, e.g. "web1 http web1.apps.lab/api" or "web1 tcp 2001". */
export function serviceName(container: Row<'containers'>, row: ServiceRow): string {
  const path = pathOf(row) === '/' ? '' : pathOf(row);
  return `${container.hostname} ${row.kind} ${row.kind === 'http' ? `${row.names[0]?.host}${path}` : row.external_port}`;
}
