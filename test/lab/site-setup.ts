/**
 * What an administrator does on the first afternoon, by the same API: becomes administrator, makes the site, joins
 * the hosts, adds the nodes.
 */
import { readFileSync } from 'node:fs';
import { type Agent, AgentRole, AgentState, AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { NodesService } from '@berth/proto/api/v1/nodes_pb.js';
import { type Site, SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { createClient, type Transport } from '@connectrpc/connect';
import { waitFor } from '../support/wait-for.ts';

/** How the lab's administrator signs in. */
export const LAB_ADMINISTRATOR = { username: 'admin', password: 'correct horse battery' };

/** What the agent's PVE token may do: no more than Berth needs. */
export const LEAST_PRIVILEGES = {
  '/vms': [
    ...['VM.Allocate', 'VM.Audit', 'VM.PowerMgmt', 'VM.Config.Disk', 'VM.Config.CPU', 'VM.Config.Memory'],
    ...['VM.Config.Network', 'VM.Config.Options'],
  ],
  '/storage': ['Datastore.AllocateSpace', 'Datastore.Audit'],
  '/sdn': ['SDN.Use'],
  '/nodes': ['Sys.Audit'],
};

/** Makes the first administrator with the set-up code from `codeFile`; returns a session token. */
export async function becomeAdministrator(transport: Transport, codeFile: string): Promise<string> {
  const setupCode = readFileSync(codeFile, 'utf8').trim();
  const answer = await createClient(AuthService, transport).createFirstAdministrator({
    ...LAB_ADMINISTRATOR,
    setupCode,
  });
  return answer.token;
}

/** Makes a site. */
export async function makeSite(transport: Transport, site: Partial<Omit<Site, '$typeName'>>): Promise<Site> {
  const answer = await createClient(SitesService, transport).createSite({ site: { ...site } });
  if (!answer.site) throw new Error('the server sent no site');
  return answer.site;
}

/** A join token with what a host needs beside it. */
export async function joinToken(transport: Transport, site: string, role: AgentRole) {
  return createClient(AgentsService, transport).createJoinToken({ site, roles: [role] });
}

export interface NodeSetup {
  site: string;
  name: string;
  apiUrl: string;
  tokenId: string;
  tokenSecret: string;
  caPem: string;
}

/** Adds a Proxmox node. All nodes of a lab are one PVE cluster. */
export async function addNode(transport: Transport, node: NodeSetup): Promise<void> {
  await createClient(NodesService, transport).createNode({ node: { ...node, cluster: 'lab', schedulable: true } });
}

/** Waits until `count` agents are in session and run what they should. */
export async function agentsSettled(transport: Transport, count: number): Promise<void> {
  const client = createClient(AgentsService, transport);
  await waitFor(
    async () => {
      const { agents } = await client.listAgents({});
      const settled = agents.filter(
        (a) => a.state === AgentState.CONNECTED && a.runningGeneration === a.desiredGeneration,
      );
      if (settled.length === count) return true;
      throw new Error(
        agents
          .filter((a) => !settled.includes(a))
          .map(describeAgent)
          .join('; '),
      );
    },
    { timeoutMs: 90_000, what: `${count} agents to run their desired state` },
  );
}

function describeAgent(agent: Agent): string {
  const conditions = agent.conditions.map((c) => `${c.kind} ${c.message}`).join(', ');
  const { state, runningGeneration, desiredGeneration } = agent;
  return `${agent.roles.map((role) => AgentRole[role])} ${AgentState[state]} ${runningGeneration}/${desiredGeneration} ${conditions}`;
}
