import type { Caller } from '../../app/caller.ts';
import { newId } from '../../ids.ts';
import { insertAgent } from '../../store/agents.ts';
import { SYSADMINS } from '../../store/built-in-groups.ts';
import { insertDomain } from '../../store/domains.ts';
import { addGroupMember } from '../../store/groups.ts';
import { insertNode } from '../../store/nodes.ts';
import { insertSite } from '../../store/sites.ts';
import { standingOf } from '../../store/standing.ts';
import type { Store, Tx } from '../../store/store.ts';
import { insertUser } from '../../store/users.ts';

/** A site with everything a container needs, for tests. */
export interface SeededSite {
  siteId: string;
  nodeId: string;
  administrator: Caller;
  owner: Caller;
  stranger: Caller;
  agents: { nginx: string; dnsmasq: string; proxmox: string };
}

/** Puts in a site "lab" with node "pve1", domain "apps.lab", an agent of each role and three people. */
export function seedSite(store: Store): Promise<SeededSite> {
  return store.transaction(async (tx) => {
    const siteId = await seedNetwork(tx);
    return {
      siteId,
      nodeId: await seedNode(store, tx, siteId),
      agents: await seedAgents(tx, siteId),
      administrator: await seedPerson(tx, 'ada', true),
      owner: await seedPerson(tx, 'olga', false),
      stranger: await seedPerson(tx, 'sam', false),
    };
  });
}

async function seedNetwork(tx: Tx): Promise<string> {
  const id = newId('sit', tx.now);
  await insertSite(tx, {
    id,
    name: 'lab',
    internal_domain: 'lab.internal',
    network: '10.64.0.0/22',
    range_start: '10.64.1.0',
    range_end: '10.64.3.254',
    gateway: '10.64.0.1',
    dns_servers: '[]',
    forwarders: '[]',
    external_address: '10.66.0.1',
    port_range_start: 2_000,
    port_range_end: 2_999,
    created_at: tx.now,
    updated_at: tx.now,
  });
  const domain = { id: newId('dom', tx.now), site_id: id, name: 'apps.lab', created_at: tx.now };
  await insertDomain(tx, { ...domain, verified_at: tx.now });
  return id;
}

async function seedNode(store: Store, tx: Tx, siteId: string): Promise<string> {
  const id = newId('nod', tx.now);
  await insertNode(tx, store.secrets, {
    id,
    site_id: siteId,
    name: 'pve1',
    cluster: 'pve1',
    api_url: 'https://10.65.0.2:8006',
    token_id: 'berth@pve!agent',
    token_secret: '01234567-89ab-cdef-0123-456789abcdef',
    ca_pem: '',
    fingerprint: '',
    image_storage: 'local',
    volume_storage: 'local-lvm',
    bridge: 'vmbr0',
    agent_id: null,
    schedulable: 1,
    created_at: tx.now,
    updated_at: tx.now,
  });
  return id;
}

async function seedAgents(tx: Tx, siteId: string): Promise<SeededSite['agents']> {
  const agent = (role: 'nginx' | 'dnsmasq' | 'proxmox') =>
    insertAgent(
      tx,
      { siteId, name: `${role}1`, roles: [role], machineId: 'ab'.repeat(16) },
      { serial: '01', expiresAt: tx.now + 86_400_000 },
    );
  const agents = { nginx: await agent('nginx'), dnsmasq: await agent('dnsmasq'), proxmox: await agent('proxmox') };
  await tx.db.updateTable('agents').set({ session_id: 'session' }).execute();
  return agents;
}

async function seedPerson(tx: Tx, username: string, administrator: boolean): Promise<Caller> {
  const userId = newId('usr', tx.now);
  await insertUser(tx, {
    id: userId,
    username,
    display_name: username,
    email: null,
    password_hash: 'x',
    status: 'active',
    created_at: tx.now,
  });
  if (administrator) await addGroupMember(tx, SYSADMINS.id, { userId });
  const origin = { requestId: 'req-test', address: '', via: 'api' } as const;
  return { userId, username, ...(await standingOf(tx.db, userId)), sessionId: 'ses-test', ...origin };
}
