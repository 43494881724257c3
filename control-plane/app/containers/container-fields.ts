import type { Container } from '@berth/proto/api/v1/containers_pb.js';
import { readService } from '../services/read-service.ts';
import type { ServiceFields } from '../services/service-fields.ts';
import { hostnameFault, templateFault } from '../validate/names.ts';
import { rangeFault } from '../validate/numbers.ts';
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

/** What the database would find, said of the entry that has it again. */
function checkDistinct(services: readonly ServiceFields[], found: Violations): void {
  for (const [i, service] of services.entries()) {
    const path = `container.services[${i}]`;
    const before = services.slice(0, i);
    for (const [n, host] of service.hosts.entries()) {
      const twice = before.some((other) => other.path === service.path && other.hosts.includes(host));
      const field = n === 0 ? `${path}.http.host` : `${path}.http.other_hosts[${n - 1}]`;
      if (twice) found.check(field, 'is there twice');
    }
    const { kind, externalPort, sniHost } = service;
    const same = (other: ServiceFields) =>
      other.kind === kind && other.externalPort === externalPort && other.sniHost === sniHost;
    if (externalPort !== 0 && before.some(same)) found.check(`${path}.${kind}.external_port`, 'is there twice');
  }
}
