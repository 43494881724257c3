import {
  NameCertificateSchema,
  type Service,
  ServiceHealthSchema,
  ServiceSchema,
} from '@berth/proto/api/v1/services_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ContainerView } from '../app/containers/container-views.ts';
import { pathOf } from '../app/services/service-fields.ts';
import { exposureMessage } from '../app/services/service-message.ts';
import { namesWithTls } from '../store/name-certificates.ts';
import type { Row } from '../store/schema.ts';
import type { ServiceRow } from '../store/services.ts';
import { conditionShape } from './shapes.ts';

/** A service with where its users reach it, and how it is. */
export function serviceShape(service: ServiceRow, view: ContainerView): Service {
  return create(ServiceSchema, {
    id: service.id,
    container: service.container_id,
    internalPort: service.internal_port,
    exposure: exposureMessage(service, view.groupNames),
    url: urlOf(service, view.site),
    conditions: view.conditions.filter(({ subject }) => subject.includes(service.id)).map(conditionShape),
    health: healthShape(service, view),
    certificates: certificatesShape(service, view),
  });
}

function healthShape(service: ServiceRow, { health, agents }: ContainerView) {
  return health
    .filter(({ service_id }) => service_id === service.id)
    .map((row) =>
      create(ServiceHealthSchema, {
        agent: agents.find(({ id }) => id === row.agent_id)?.name ?? '',
        healthy: row.healthy === 1,
        error: row.error,
        since: timestampFromMs(row.since),
      }),
    );
}

function certificatesShape(service: ServiceRow, { certificates }: ContainerView) {
  return namesWithTls(service).flatMap(({ host }) => {
    const found = certificates.get(host);
    if (!found) return [];
    const { notAfter, ...same } = found;
    return [create(NameCertificateSchema, { ...same, notAfter: timestampFromMs(notAfter) })];
  });
}

function urlOf(service: ServiceRow, site: Row<'sites'>): string {
  if (service.kind === 'http') return `https://${service.names[0]?.host}${pathOf(service)}`;
  const host = service.sni_host || site.external_address || site.name;
  const scheme = service.tls ? 'tls' : service.kind;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${service.external_port}`;
}
