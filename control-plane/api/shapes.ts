/** Rows as messages: sites, nodes, agents and what all of them share. No decision is made here. */
import { type Agent, AgentRole, AgentSchema, AgentState } from '@berth/proto/api/v1/agents_pb.js';
import { type User, UserSchema } from '@berth/proto/api/v1/auth_pb.js';
import { type Condition, ConditionSchema, Severity } from '@berth/proto/api/v1/common_pb.js';
import { type Node, NodeSchema } from '@berth/proto/api/v1/nodes_pb.js';
import { type Site, SiteSchema } from '@berth/proto/api/v1/sites_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { AgentView } from '../app/agents/read-agents.ts';
import type { NodeView } from '../app/nodes/read-nodes.ts';
import type { SiteView } from '../app/sites/read-sites.ts';
import { fieldsOfRow } from '../app/sites/site-fields.ts';
import { agentState } from '../fleet/agent-state.ts';
import { rolesOf } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';

const SEVERITIES = { info: Severity.INFO, warning: Severity.WARNING, error: Severity.ERROR };
const ROLES = { nginx: AgentRole.NGINX, dnsmasq: AgentRole.DNSMASQ, proxmox: AgentRole.PROXMOX };
const STATES = {
  connected: AgentState.CONNECTED,
  suspect: AgentState.SUSPECT,
  unknown: AgentState.UNKNOWN,
  revoked: AgentState.REVOKED,
};

/** A moment that may not have come. */
export function moment(ms: number | null) {
  return ms === null ? undefined : timestampFromMs(ms);
}

/** A person. */
export function userShape(user: { id: string; username: string; administrator: boolean }): User {
  return create(UserSchema, user);
}

/** A condition. */
export function conditionShape(
  row: Pick<Row<'conditions'>, 'kind' | 'message' | 'subject' | 'severity' | 'since'>,
): Condition {
  const { kind, message, subject } = row;
  const severity = SEVERITIES[row.severity];
  return create(ConditionSchema, { kind, message, subject, severity, since: timestampFromMs(row.since) });
}

/** A site. */
export function siteShape({ site, domains, conditions }: SiteView): Site {
  const fields = fieldsOfRow(site, domains);
  return create(SiteSchema, {
    id: site.id,
    name: fields.name,
    internalDomain: fields.internal_domain,
    network: fields.network,
    rangeStart: fields.range_start,
    rangeEnd: fields.range_end,
    gateway: fields.gateway,
    dnsServers: fields.dns_servers,
    forwarders: fields.forwarders,
    externalDomains: fields.external_domains,
    externalAddress: fields.external_address,
    portRangeStart: fields.port_range_start,
    portRangeEnd: fields.port_range_end,
    trustedProxies: fields.trusted_proxies,
    proxyProtocol: fields.proxy_protocol,
    customDomains: fields.custom_domains,
    revision: BigInt(site.revision),
    createdAt: timestampFromMs(site.created_at),
    updatedAt: timestampFromMs(site.updated_at),
    conditions: conditions.map(conditionShape),
  });
}

/** A node, without its secret. */
export function nodeShape({ node, containers, conditions }: NodeView): Node {
  return create(NodeSchema, {
    id: node.id,
    site: node.site_id,
    name: node.name,
    cluster: node.cluster,
    apiUrl: node.api_url,
    tokenId: node.token_id,
    caPem: node.ca_pem,
    fingerprint: node.fingerprint,
    imageStorage: node.image_storage,
    volumeStorage: node.volume_storage,
    bridge: node.bridge,
    agent: node.agent_id ?? '',
    schedulable: node.schedulable === 1,
    containerCount: containers,
    createdAt: timestampFromMs(node.created_at),
    updatedAt: timestampFromMs(node.updated_at),
    conditions: conditions.map(conditionShape),
  });
}

/** An agent. @param now and `startedAt` in milliseconds since the epoch, for whether it is heard */
export function agentShape({ agent, conditions }: AgentView, now: number, startedAt: number): Agent {
  return create(AgentSchema, {
    id: agent.id,
    site: agent.site_id,
    name: agent.name,
    roles: rolesOf(agent).map((role) => ROLES[role]),
    state: STATES[agentState(agent, now, startedAt)],
    version: agent.version,
    capabilities: JSON.parse(agent.capabilities) as string[],
    desiredGeneration: BigInt(agent.desired_generation),
    sentGeneration: BigInt(agent.sent_generation),
    acknowledgedGeneration: BigInt(agent.acked_generation),
    runningGeneration: BigInt(agent.running_generation),
    lastSeenAt: moment(agent.last_seen_at),
    certificateExpiresAt: timestampFromMs(agent.certificate_expires_at),
    conditions: conditions.map(conditionShape),
    createdAt: timestampFromMs(agent.created_at),
    aheadGeneration: BigInt(agent.ahead_generation ?? 0),
    restorePending: agent.restored_revision !== null,
  });
}
