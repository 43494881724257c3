import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { type Placed, proxmoxAudience } from './audience.ts';
import type { CertificateRow, DomainRow, NodeRow, SiteRows } from './site-rows.ts';

/** A guest asks for its address again after half of this. */
const LEASE_SECONDS = 3_600;

/** The part of a site's rows that its containers' resources depend on. */
export interface SiteContext {
  internalDomain: string;
  /** By identifier; `agentId` is the agent in charge, if there is one. */
  nodes: ReadonlyMap<string, { name: string; agentId: string | undefined }>;
  /** Names by identifier. */
  domains: ReadonlyMap<string, string>;
}

/** What a site's containers depend on. A node without an agent of its own goes to the site's oldest. */
export function contextOf({ site, domains, nodes, proxmoxAgentIds }: SiteRows): SiteContext {
  const inCharge = (node: NodeRow) => {
    if (node.agent_id === null) return proxmoxAgentIds[0];
    return proxmoxAgentIds.includes(node.agent_id) ? node.agent_id : undefined;
  };
  return {
    internalDomain: site.internal_domain,
    nodes: new Map(nodes.map((node) => [node.id, { name: node.name, agentId: inCharge(node) }])),
    domains: new Map(domains.map(({ id, name }) => [id, name])),
  };
}

/** Whether resources of containers made under one context may differ under another. New nodes and domains do not matter. */
export function contextMoved(from: SiteContext, to: SiteContext): boolean {
  if (from.internalDomain !== to.internalDomain) return true;
  for (const [id, name] of from.domains) if (to.domains.get(id) !== name) return true;
  for (const [id, node] of from.nodes) {
    const now = to.nodes.get(id);
    if (now?.name !== node.name || now.agentId !== node.agentId) return true;
  }
  return false;
}

/** The resources that belong to a site as a whole. Pure. */
export function resourcesOfSite(rows: SiteRows, context: SiteContext): Placed[] {
  return [
    zoneOf(rows),
    ingressOf(rows),
    ...rows.domains.map(domainOf),
    ...certificatesOf(rows, context),
    ...challengesOf(rows),
    ...recordsOf(rows),
    ...nodesOf(rows, context),
  ];
}

function ingressOf({ site, signIn }: SiteRows): Placed {
  const value = {
    trustedProxies: JSON.parse(site.trusted_proxies),
    proxyProtocol: site.proxy_protocol === 1,
    ...signIn,
  };
  return { audience: 'nginx', resource: makeResource('ingress', { case: 'ingress', value }) };
}

function domainOf(domain: DomainRow): Placed {
  const value = {
    hstsMaxAgeSeconds: domain.hsts_max_age,
    hstsIncludeSubdomains: domain.hsts_subdomains === 1,
    hstsPreload: domain.hsts_preload === 1,
    oauth2ProxyUrl: domain.oauth2_proxy_url,
  };
  return { audience: 'nginx', resource: makeResource(domain.name, { case: 'domain', value }) };
}

function challengesOf({ challenges }: SiteRows): Placed[] {
  return challenges.map(({ id, host, token, answer }) => {
    const value = { host, token, keyAuthorization: answer };
    return { audience: 'nginx', resource: makeResource(id, { case: 'acmeChallenge', value }) };
  });
}

function recordsOf({ records }: SiteRows): Placed[] {
  return records.map(({ id, fqdn, text }) => {
    return { audience: 'dnsmasq', resource: makeResource(id, { case: 'txtRecord', value: { fqdn, text } }) };
  });
}

function zoneOf({ site }: SiteRows): Placed {
  const resource = makeResource('zone', {
    case: 'zone',
    value: {
      domain: site.internal_domain,
      network: site.network,
      rangeStart: site.range_start,
      rangeEnd: site.range_end,
      gateway: site.gateway,
      dnsServers: JSON.parse(site.dns_servers),
      forwarders: JSON.parse(site.forwarders),
      leaseSeconds: LEASE_SECONDS,
    },
  });
  return { audience: 'dnsmasq', resource };
}

function certificatesOf({ certificates }: SiteRows, context: SiteContext): Placed[] {
  return certificates.flatMap((certificate): Placed[] => {
    const name = context.domains.get(certificate.domain_id);
    if (name === undefined) return [];
    return [{ audience: 'nginx', resource: certificateResource(name, certificate) }];
  });
}

/** A certificate as nginx holds it. @param containerId of the container whose name alone it is for */
export function certificateResource(name: string, certificate: CertificateRow, containerId = ''): Resource {
  const value = {
    dnsNames: JSON.parse(certificate.dns_names),
    chainPem: certificate.chain_pem,
    keyPem: certificate.key_pem,
    selfSigned: certificate.self_signed === 1,
  };
  return makeResource(name, { case: 'certificate', value }, containerId);
}

function nodesOf({ nodes }: SiteRows, context: SiteContext): Placed[] {
  return nodes.flatMap((node): Placed[] => {
    const agentId = context.nodes.get(node.id)?.agentId;
    if (agentId === undefined) return [];
    const value = {
      node: node.name,
      apiUrl: node.api_url,
      tokenId: node.token_id,
      tokenSecret: node.token_secret,
      caPem: node.ca_pem,
      fingerprint: node.fingerprint,
      imageStorage: node.image_storage,
      volumeStorage: node.volume_storage,
      bridge: node.bridge,
    };
    return [{ audience: proxmoxAudience(agentId), resource: makeResource(node.name, { case: 'pveNode', value }) }];
  });
}
