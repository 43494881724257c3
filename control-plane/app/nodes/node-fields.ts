import type { Node } from '@berth/proto/api/v1/nodes_pb.js';
import type { Row } from '../../store/schema.ts';
import { bridgeFault, pveNameFault, storageFault } from '../validate/names.ts';
import { apiUrlFault, certificatePemFault, fingerprintFault, tokenIdFault, tokenSecretFault } from '../validate/pve.ts';
import type { Violations } from '../validate/violations.ts';

/** What people decide about a node, in the names of the API. */
export interface NodeFields {
  name: string;
  cluster: string;
  api_url: string;
  token_id: string;
  token_secret: string;
  ca_pem: string;
  fingerprint: string;
  image_storage: string;
  volume_storage: string;
  bridge: string;
  agent: string;
  schedulable: boolean;
}

/** Every field that an update may name. */
export const NODE_PATHS = [
  'name',
  'cluster',
  'api_url',
  'token_id',
  'token_secret',
  'ca_pem',
  'fingerprint',
  'image_storage',
  'volume_storage',
  'bridge',
  'agent',
  'schedulable',
] as const satisfies (keyof NodeFields)[];

/** The fields of a message, defaults filled in. */
export function fieldsOfMessage(node: Node): NodeFields {
  return {
    name: node.name,
    cluster: node.cluster || node.name,
    api_url: node.apiUrl.replace(/\/$/, ''),
    token_id: node.tokenId,
    token_secret: node.tokenSecret,
    ca_pem: node.caPem.replaceAll('\r\n', '\n'),
    fingerprint: node.fingerprint.toUpperCase(),
    image_storage: node.imageStorage || 'local',
    volume_storage: node.volumeStorage || 'local-lvm',
    bridge: node.bridge || 'vmbr0',
    agent: node.agent,
    schedulable: node.schedulable,
  };
}

/** The fields of a row; its secret is nobody's business. */
export function fieldsOfRow(row: Row<'nodes'>): Omit<NodeFields, 'token_secret'> {
  return {
    name: row.name,
    cluster: row.cluster,
    api_url: row.api_url,
    token_id: row.token_id,
    ca_pem: row.ca_pem,
    fingerprint: row.fingerprint,
    image_storage: row.image_storage,
    volume_storage: row.volume_storage,
    bridge: row.bridge,
    agent: row.agent_id ?? '',
    schedulable: row.schedulable === 1,
  };
}

const CHECKS: Partial<Record<keyof NodeFields, (value: string) => string | undefined>> = {
  name: pveNameFault,
  cluster: pveNameFault,
  api_url: apiUrlFault,
  token_id: tokenIdFault,
  token_secret: tokenSecretFault,
  ca_pem: certificatePemFault,
  fingerprint: fingerprintFault,
  image_storage: storageFault,
  volume_storage: storageFault,
  bridge: bridgeFault,
};

/** Checks the fields that are named; the agent is looked up by the verb. */
export function checkNode(fields: NodeFields, named: ReadonlySet<string>, found: Violations): void {
  for (const [path, fault] of Object.entries(CHECKS)) {
    if (named.has(path)) found.check(`node.${path}`, fault(String(fields[path as keyof NodeFields])));
  }
}

/** What the audit may know. */
export function withoutSecret(change: Partial<NodeFields>): Partial<NodeFields> {
  const { token_secret, ...rest } = change;
  return token_secret === undefined ? rest : { ...rest, token_secret: '(changed)' };
}
