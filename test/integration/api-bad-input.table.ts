/**
 * Bad values for every field of every request. A path names a field as violations do, with [] for any element. What
 * has no bad value, or is ignored because only answers carry it, is listed as free: the test of the table fails for a
 * field that is in neither list.
 */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { accessBadInputs } from './api-bad-input.access.ts';
import { appSignInBadInputs } from './api-bad-input.app-sign-in.ts';
import { dnsBadInputs } from './api-bad-input.dns.ts';
import { domainBadInputs } from './api-bad-input.domains.ts';
import { mailBadInputs } from './api-bad-input.mail.ts';
import { identityProviderBadInputs } from './api-bad-input.oidc.ts';
import { peopleBadInputs } from './api-bad-input.people.ts';
import { securityBadInputs } from './api-bad-input.security.ts';
import { badExposure, freeOfService, serviceBadInputs } from './api-bad-input.services.ts';
import {
  ADDRESS,
  type BadInputs,
  DOMAIN,
  HOSTILE,
  KEY,
  listed,
  MASK,
  NAME,
  named,
  nothing,
  REFERENCE,
  TEXT,
} from './api-bad-input.values.ts';

const site: JsonObject = {
  name: 'other',
  internal_domain: 'other.internal',
  network: '10.80.0.0/24',
  range_start: '10.80.0.10',
  range_end: '10.80.0.200',
  gateway: '10.80.0.1',
  dns_servers: ['10.80.0.2'],
  forwarders: ['10.80.0.3'],
  external_domains: ['apps.other'],
  external_address: 'other.example',
  port_range_start: 2000,
  port_range_end: 3000,
  trusted_proxies: ['10.80.1.0/24'],
};

const badSite: Record<string, JsonValue[]> = {
  'site.name': ['Other', 'a.b', '-a', ...NAME],
  'site.internal_domain': DOMAIN,
  'site.network': ['', '10.80.0.1/24', '10.80.0.0/7', '10.80.0.0/30', '8.8.8.0/24', '10.80.0.0', ...HOSTILE],
  'site.range_start': ['', '10.81.0.1', '10.80.0.0', ...ADDRESS],
  'site.range_end': ['', '10.80.0.5', '10.80.0.255', ...ADDRESS],
  'site.gateway': ['', '10.80.0.20', '10.81.0.1', ...ADDRESS],
  'site.dns_servers[]': ['', ...ADDRESS],
  'site.forwarders[]': ['', ...ADDRESS],
  'site.external_domains[]': [...DOMAIN],
  'site.external_address': ['a..b', '-', ...HOSTILE],
  'site.port_range_start': [65_536, 4_294_967_295],
  'site.port_range_end': [65_536, 1],
  'site.trusted_proxies[]': ['', '0.0.0.0/0', '::/0', '10.80.1.1/24', '10.80.1', ...HOSTILE],
};

const siteOutput = ['site.id', 'site.revision', 'site.created_at', 'site.updated_at', 'site.conditions'];
const siteFlags = ['site.proxy_protocol', 'site.custom_domains'];

const node: JsonObject = {
  site: 'lab',
  name: 'pve2',
  cluster: 'east',
  api_url: 'https://10.65.0.9:8006',
  token_id: 'berth@pve!agent',
  token_secret: '01234567-89ab-cdef-0123-456789abcdef',
  image_storage: 'local',
  volume_storage: 'local-lvm',
  bridge: 'vmbr0',
  schedulable: true,
};

const badNode: Record<string, JsonValue[]> = {
  'node.name': ['a.b', '-a', ...NAME],
  'node.cluster': HOSTILE,
  'node.api_url': ['', 'http://10.0.0.1:8006', 'https://10.0.0.1:99999', 'https://a/b', 'https://u:p@a', ...HOSTILE],
  'node.token_id': ['', 'root', 'root@pam', ...HOSTILE],
  'node.token_secret': ['', 'secret', ...HOSTILE],
  'node.ca_pem': ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', ...HOSTILE],
  'node.fingerprint': ['AA:BB', ...HOSTILE],
  'node.image_storage': HOSTILE,
  'node.volume_storage': HOSTILE,
  'node.bridge': HOSTILE,
  'node.agent': ['nobody', '<nginx>', ...HOSTILE],
};

const nodeOutput = ['node.container_count', 'node.created_at', 'node.updated_at', 'node.conditions'];

const containerOutput = [
  'owner',
  'state',
  'vmid',
  'mac',
  'address',
  'fqdn',
  'address_state',
  'name_state',
  'routes_state',
  'guest_state',
  'conditions',
  'active_operation',
  'created_at',
  'updated_at',
  'my_role',
].map((field) => `container.${field}`);

/** The table. */
export const badInputs: Record<Rpc, BadInputs> = {
  'AuthService.GetSetupState': nothing,
  'AuthService.CreateFirstAdministrator': {
    good: { setup_code: '<setup>', username: 'first', password: 'long enough' },
    bad: {
      setup_code: NAME,
      username: ['Root', 'root', '1a', 'a@b', ...NAME],
      password: ['', 'short', 'x'.repeat(1_025)],
    },
  },
  'AuthService.SignIn': {
    good: { username: 'ada', password: 'x' },
    bad: { username: ['', 'a\nb', 'x'.repeat(256)], password: [''] },
  },
  'AuthService.SignOut': nothing,
  'AuthService.WhoAmI': nothing,

  ...peopleBadInputs,
  ...securityBadInputs,
  ...appSignInBadInputs,
  ...accessBadInputs,
  ...dnsBadInputs,

  'SitesService.CreateSite': {
    good: { site },
    bad: { ...badSite, idempotency_key: KEY },
    free: [...siteOutput, ...siteFlags],
  },
  'SitesService.GetSite': named('site', 'lab'),
  'SitesService.ListSites': listed(),
  'SitesService.UpdateSite': {
    good: {
      site: { id: '<empty>', ...site },
      update_mask:
        'name,internalDomain,network,rangeStart,rangeEnd,gateway,dnsServers,forwarders,externalDomains,externalAddress,portRangeStart,portRangeEnd,trustedProxies,proxyProtocol,customDomains',
    },
    bad: { ...badSite, 'site.id': REFERENCE, update_mask: MASK },
    free: [...siteOutput.slice(1), ...siteFlags],
  },
  'SitesService.DeleteSite': named('site', 'lab'),

  'NodesService.CreateNode': {
    good: { node },
    bad: { ...badNode, 'node.site': REFERENCE, idempotency_key: KEY },
    free: ['node.id', 'node.schedulable', ...nodeOutput],
  },
  'NodesService.GetNode': named('node', 'lab/pve1'),
  'NodesService.ListNodes': listed('site'),
  'NodesService.UpdateNode': {
    good: {
      node: { id: '<node>', ...node, name: 'pve1', cluster: 'pve1' },
      update_mask:
        'name,cluster,apiUrl,tokenId,tokenSecret,caPem,fingerprint,imageStorage,volumeStorage,bridge,agent,schedulable',
    },
    bad: { ...badNode, 'node.id': REFERENCE, update_mask: MASK },
    free: ['node.site', 'node.schedulable', ...nodeOutput],
  },
  'NodesService.DeleteNode': named('node', 'lab/pve1'),

  'AgentsService.CreateJoinToken': {
    good: { site: 'lab', roles: [1], ttl: '600s' },
    bad: {
      site: REFERENCE,
      roles: [[], [0], [99], [1, 0]],
      ttl: ['0s', '59s', '86401s', '-60s'],
      idempotency_key: KEY,
    },
  },
  'AgentsService.GetAgent': named('agent', '<nginx>'),
  'AgentsService.ListAgents': listed('site'),
  'AgentsService.UpdateAgent': {
    good: { agent: { id: '<nginx>', name: 'web' }, update_mask: 'name' },
    bad: { 'agent.id': REFERENCE, 'agent.name': ['Web', '-a', ...NAME], update_mask: MASK },
    free: [
      'site',
      'roles',
      'state',
      'version',
      'capabilities[]',
      'desired_generation',
      'sent_generation',
      'acknowledged_generation',
      'running_generation',
      'ahead_generation',
      'restore_pending',
      'last_seen_at',
      'certificate_expires_at',
      'conditions',
      'created_at',
    ].map((field) => `agent.${field}`),
  },
  'AgentsService.DeleteAgent': named('agent', '<nginx>'),
  'AgentsService.RetryAgent': named('agent', '<nginx>'),
  'AgentsService.ConfirmRestore': named('agent', '<nginx>'),
  'AgentsService.WatchAgents': { good: {}, bad: { site: REFERENCE.slice(1) } },

  'TokensService.CreateApiToken': {
    good: { name: 'deploy', scope: 'TOKEN_SCOPE_CONTAINERS', ttl: '3600s' },
    bad: {
      name: ['', 'x'.repeat(101), 'a\nb', 'a\0b', 'a\u202eb'],
      scope: [0, 99],
      site: REFERENCE.slice(1),
      container: REFERENCE.slice(1),
      ttl: ['59s', '-1s', '315705600s'],
      idempotency_key: KEY,
    },
  },
  'TokensService.ListApiTokens': listed('user'),
  'TokensService.DeleteApiToken': named('api_token', '<token>'),

  ...serviceBadInputs,

  'ContainersService.CreateContainer': {
    good: {
      container: { site: 'lab', hostname: 'web2', template: 'debian-12', services: [{ internal_port: 80, tcp: {} }] },
    },
    bad: {
      ...badExposure('container.services[]'),
      'container.site': REFERENCE,
      'container.hostname': ['Web2', 'a.b', '-a', 'a-', 'a_b', 'web1', 'x'.repeat(64), ...NAME],
      'container.template': ['iso:iso/x.iso', '/etc/passwd', ...NAME],
      'container.cores': [129],
      'container.memory_mib': [127, 1_048_577],
      'container.disk_gib': [16_385],
      'container.description': TEXT,
      'container.node': REFERENCE.slice(1),
      'container.services[].internal_port': [0, 65_536],
      idempotency_key: KEY,
    },
    free: ['container.id', ...freeOfService('container.services[]'), ...containerOutput],
  },
  'ContainersService.GetContainer': named('container', 'lab/web1'),
  'ContainersService.ListContainers': { good: {}, bad: { ...listed('site').bad, selection: [99] } },
  'ContainersService.UpdateContainer': {
    good: {
      container: { id: '<container>', cores: 2, memory_mib: 512, description: 'x' },
      update_mask: 'description,cores,memoryMib',
    },
    bad: {
      'container.id': REFERENCE,
      'container.cores': [129],
      'container.memory_mib': [127, 1_048_577],
      'container.description': TEXT,
      update_mask: [...MASK, 'hostname', 'diskGib'],
    },
    // Only what the mask may name is read.
    free: [
      'container.site',
      'container.hostname',
      'container.template',
      'container.disk_gib',
      'container.node',
      'container.services[].internal_port',
      ...Object.keys(badExposure('container.services[]')),
      ...freeOfService('container.services[]'),
      ...containerOutput,
    ],
  },
  'ContainersService.DeleteContainer': named('container', 'lab/web1'),
  'ContainersService.StartContainer': named('container', 'lab/web1'),
  'ContainersService.StopContainer': { ...named('container', 'lab/web1'), free: ['force'] },
  'ContainersService.WatchContainer': named('container', 'lab/web1'),

  'GuestLoginsService.GetGuestLogins': named('container', 'lab/web1'),
  'GuestLoginsService.CreateSetupCommand': {
    good: { container: 'lab/web1' },
    bad: { container: REFERENCE, login_service: [99] },
  },
  'GuestLoginsService.RotateBindSecret': {
    good: { container: 'lab/web1' },
    bad: { container: REFERENCE, login_service: [99] },
  },

  ...identityProviderBadInputs,
  ...domainBadInputs,
  ...mailBadInputs,

  'OperationsService.GetOperation': named('operation', '<operation>'),
  'OperationsService.ListOperations': listed('container'),
  'OperationsService.WatchOperation': { ...named('operation', '<operation>'), free: ['after_seq'] },
};
