import type { Container } from '@berth/proto/api/v1/containers_pb.js';
import type { Service } from '@berth/proto/api/v1/services_pb.js';
import { domainFault, hostnameFault, templateFault } from '../validate/names.ts';
import { portFault, rangeFault } from '../validate/numbers.ts';
import { textFault } from '../validate/text.ts';
import type { Violations } from '../validate/violations.ts';

/** Bounds of what a container may be given. */
export const LIMITS = {
  cores: { min: 1, max: 128, default: 4 },
  memoryMib: { min: 128, max: 1_048_576, default: 4_096 },
  diskGib: { min: 1, max: 16_384, default: 50 },
  description: 1_000,
  services: 64,
};

/** What is asked for, defaults filled in. */
export interface ContainerFields {
  hostname: string;
  template: string;
  cores: number;
  memoryMib: number;
  diskGib: number;
  description: string;
  services: ServiceFields[];
}

/** A service as asked for. */
export interface ServiceFields {
  kind: 'http' | 'tcp' | 'udp';
  internalPort: number;
  host: string;
  backendTls: boolean;
  /** 0: the lowest free one. */
  externalPort: number;
}

/** Reads and checks a container to be made. */
export function readContainer(container: Container, found: Violations): ContainerFields {
  found.check('container.hostname', hostnameFault(container.hostname));
  found.check('container.template', templateFault(container.template));
  const limits = readLimits(container, found);
  if (container.services.length > LIMITS.services) {
    found.check('container.services', `must have at most ${LIMITS.services} entries`);
  }
  const services = container.services.map((service, i) => readService(service, `container.services[${i}]`, found));
  checkDistinct(services, found);
  return { hostname: container.hostname, template: container.template, ...limits, services };
}

/** Reads and checks what may be changed later, too. */
export function readLimits(container: Container, found: Violations) {
  const cores = container.cores || LIMITS.cores.default;
  const memoryMib = container.memoryMib || LIMITS.memoryMib.default;
  const diskGib = container.diskGib || LIMITS.diskGib.default;
  found.check('container.cores', rangeFault(cores, LIMITS.cores.min, LIMITS.cores.max));
  found.check('container.memory_mib', rangeFault(memoryMib, LIMITS.memoryMib.min, LIMITS.memoryMib.max));
  found.check('container.disk_gib', rangeFault(diskGib, LIMITS.diskGib.min, LIMITS.diskGib.max));
  found.check('container.description', textFault(container.description, LIMITS.description));
  return { cores, memoryMib, diskGib, description: container.description };
}

/** Reads and checks a service. @param path of the service in the request */
export function readService(service: Service, path: string, found: Violations): ServiceFields {
  found.check(`${path}.internal_port`, portFault(service.internalPort));
  const { exposure } = service;
  const fields: ServiceFields = {
    kind: exposure.case ?? 'tcp',
    internalPort: service.internalPort,
    host: '',
    backendTls: false,
    externalPort: 0,
  };
  switch (exposure.case) {
    case 'http':
      found.check(`${path}.http.host`, domainFault(exposure.value.host));
      return { ...fields, host: exposure.value.host, backendTls: exposure.value.backendTls };
    case 'tcp':
    case 'udp':
      if (exposure.value.externalPort !== 0) {
        found.check(`${path}.${exposure.case}.external_port`, portFault(exposure.value.externalPort));
      }
      return { ...fields, externalPort: exposure.value.externalPort };
    default:
      found.check(`${path}.exposure`, 'one of http, tcp and udp is required');
      return fields;
  }
}

function checkDistinct(services: readonly ServiceFields[], found: Violations): void {
  for (const [i, service] of services.entries()) {
    const path = `container.services[${i}]`;
    const before = services.slice(0, i);
    if (service.host !== '' && before.some(({ host }) => host === service.host)) {
      found.check(`${path}.http.host`, 'is there twice');
    }
    const { kind, externalPort } = service;
    if (externalPort !== 0 && before.some((other) => other.kind === kind && other.externalPort === externalPort)) {
      found.check(`${path}.${kind}.external_port`, 'is there twice');
    }
  }
}
