import { StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { type Placed, proxmoxAudience } from './audience.ts';
import type { SiteContext } from './resources-of-site.ts';
import type { ContainerRows } from './site-rows.ts';

/**
 * The resources of one container. Pure.
 *
 * One that is being deleted loses its routes at once, for no request may reach an address that is about to be
 * somebody else's; its reservation, name and guest stay until its row is gone, that is until the guest is destroyed.
 */
export function resourcesOfContainer(rows: ContainerRows, context: SiteContext): Placed[] {
  const kept = [...nameOf(rows, context), ...guestOf(rows, context)];
  return rows.container.phase === 'deleting' ? kept : [...kept, ...routesOf(rows, context)];
}

function nameOf({ container }: ContainerRows, { internalDomain }: SiteContext): Placed[] {
  const { id, mac, address, hostname } = container;
  const reservation = makeResource(id, { case: 'reservation', value: { mac, address, hostname } }, id);
  const fqdn = `${hostname}.${internalDomain}`;
  const name = makeResource(id, { case: 'nameRecord', value: { fqdn, address } }, id);
  return [
    { audience: 'dnsmasq', resource: reservation },
    { audience: 'dnsmasq', resource: name },
  ];
}

function guestOf({ container }: ContainerRows, { nodes }: SiteContext): Placed[] {
  const { id, node_id, vmid, hostname, mac } = container;
  const node = nodes.get(node_id);
  if (node?.agentId === undefined) return [];
  const resource = makeResource(id, { case: 'guest', value: { node: node.name, vmid, hostname, mac } }, id);
  return [{ audience: proxmoxAudience(node.agentId), resource }];
}

function routesOf({ container, services }: ContainerRows, { domains }: SiteContext): Placed[] {
  return services.flatMap((service): Placed[] => {
    const name = `${container.id}/${service.id}`;
    const backend = { address: container.address, port: service.internal_port, tls: service.backend_tls === 1 };
    if (service.kind === 'http') {
      const certificate = domains.get(service.domain_id ?? '');
      if (certificate === undefined || service.host === null) return [];
      const value = { host: service.host, certificate, backend };
      return [{ audience: 'nginx', resource: makeResource(name, { case: 'httpRoute', value }, container.id) }];
    }
    if (service.external_port === null) return [];
    const protocol = service.kind === 'tcp' ? StreamProtocol.TCP : StreamProtocol.UDP;
    const value = { protocol, externalPort: service.external_port, backend };
    return [{ audience: 'nginx', resource: makeResource(name, { case: 'streamRoute', value }, container.id) }];
  });
}
