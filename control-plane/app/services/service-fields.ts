import type { Row } from '../../store/schema.ts';
import type { ServiceRow } from '../../store/services.ts';
import type { ServiceFields } from '../containers/container-fields.ts';

/** What people decided about a service. */
export function fieldsOfService(row: ServiceRow): ServiceFields {
  return {
    kind: row.kind,
    internalPort: row.internal_port,
    host: row.names[0]?.host ?? '',
    backendTls: row.backend_tls === 1,
    externalPort: row.external_port ?? 0,
  };
}

/** A service as people speak of it, e.g. "web1 http web1.apps.lab" or "web1 tcp 2001". */
export function serviceName(container: Row<'containers'>, { kind, host, externalPort }: ServiceFields): string {
  return `${container.hostname} ${kind} ${kind === 'http' ? host : externalPort}`;
}
