import { StreamProtocol, StreamTls } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { readServiceOptions } from '../store/service-options.ts';
import { type Placed, proxmoxAudience } from './audience.ts';
import { accessOf, httpOptions } from './http-options.ts';
import { certificateResource, type SiteContext } from './resources-of-site.ts';
import type { CertificateRow, ContainerRows, ServiceOfContainer } from './site-rows.ts';

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

function routesOf(rows: ContainerRows, context: SiteContext): Placed[] {
  const certificates = rows.certificates.map((certificate): Placed => {
    const resource = certificateResource(ownName(certificate), certificate, rows.container.id);
    return { audience: 'nginx', resource };
  });
  const routes = rows.services.flatMap((service) =>
    service.kind === 'http' ? httpRoutes(service, rows, context) : streamRoutes(service, rows, context),
  );
  return [...certificates, ...routes];
}

/** The resource of a certificate that one name has to itself; domains' certificates bear the domain's name. */
function ownName({ name }: CertificateRow): string {
  return `=${name}`;
}

/** The best certificate there is for a host: its own, else the domain's. Nothing while its domain is not known. */
function certificateFor(host: string, domainId: string, rows: ContainerRows, { domains }: SiteContext) {
  const own = rows.certificates.find(({ domain_id, name }) => domain_id === domainId && name === host);
  return own ? ownName(own) : domains.get(domainId);
}

function httpRoutes(service: ServiceOfContainer, rows: ContainerRows, context: SiteContext): Placed[] {
  const options = optionsOf(service);
  return service.names.flatMap(({ host, path, domain_id }, position): Placed[] => {
    const certificate = certificateFor(host, domain_id, rows, context);
    const domain = context.domains.get(domain_id);
    if (certificate === undefined || domain === undefined) return [];
    const value = { host, path, certificate, domain, backend: backendOf(service, rows), ...options };
    return [placed(routeName(service, rows, position), { case: 'httpRoute', value }, rows)];
  });
}

/** Most services have none, and are not asked for any. */
function optionsOf({ id, options }: ServiceOfContainer) {
  return options === null ? {} : { options: httpOptions(id, readServiceOptions(options)) };
}

function streamRoutes(service: ServiceOfContainer, rows: ContainerRows, context: SiteContext): Placed[] {
  if (service.external_port === null) return [];
  const options = readServiceOptions(service.options);
  const protocol = service.kind === 'tcp' ? StreamProtocol.TCP : StreamProtocol.UDP;
  const value = {
    protocol,
    externalPort: service.external_port,
    backend: backendOf(service, rows),
    ...tlsOf(service, rows, context),
    ...accessOf(options),
    sendProxyProtocol: options.proxyProtocol,
  };
  return [placed(routeName(service, rows, 0), { case: 'streamRoute', value }, rows)];
}

function tlsOf({ tls, sni_host: host, domain_id }: ServiceOfContainer, rows: ContainerRows, context: SiteContext) {
  if (tls === 'pass_through') return { tls: StreamTls.PASS_THROUGH, host };
  if (tls !== 'terminate') return {};
  return { tls: StreamTls.TERMINATE, host, certificate: certificateFor(host, domain_id ?? '', rows, context) ?? '' };
}

function backendOf(service: ServiceOfContainer, { container }: ContainerRows) {
  return { address: container.address, port: service.internal_port, tls: service.backend_tls === 1 };
}

/** Agents report on a route by this name. */
function routeName(service: ServiceOfContainer, { container }: ContainerRows, position: number): string {
  return `${container.id}/${service.id}${position === 0 ? '' : `/${position}`}`;
}

function placed(name: string, body: Parameters<typeof makeResource>[1], { container }: ContainerRows): Placed {
  return { audience: 'nginx', resource: makeResource(name, body, container.id) };
}
