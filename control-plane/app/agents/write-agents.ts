import {
  AgentRole,
  AgentSchema,
  type ConfirmRestoreRequest,
  type CreateJoinTokenRequest,
  CreateJoinTokenRequestSchema,
  type DeleteAgentRequest,
  type RetryAgentRequest,
  type UpdateAgentRequest,
} from '@berth/proto/api/v1/agents_pb.js';
import { create } from '@bufbuild/protobuf';
import { type Duration, durationMs } from '@bufbuild/protobuf/wkt';
import { AppError } from '../../errors.ts';
import { type AgentRole as RoleName, revokeAgent } from '../../store/agents.ts';
import { abandonCommands } from '../../store/commands.ts';
import { dropAgentConditions } from '../../store/conditions.ts';
import { createJoinToken } from '../../store/join-tokens.ts';
import { letFollow } from '../../store/restored-agents.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findAgent, findSiteToAdminister } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { domainFault, hostnameFault } from '../validate/names.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

const HOUR_MS = 3_600_000;
const TTL = { min: 60_000, max: 24 * HOUR_MS, default: HOUR_MS };

const ROLES: Partial<Record<AgentRole, RoleName>> = {
  [AgentRole.NGINX]: 'nginx',
  [AgentRole.DNSMASQ]: 'dnsmasq',
  [AgentRole.PROXMOX]: 'proxmox',
};

/** A token as shown once; a repeated call gets an empty one. */
export interface JoinToken {
  token: string;
  roles: RoleName[];
  expiresAt: number;
}

/** Makes a join token. */
export async function createJoinTokenVerb(
  { store }: AppDeps,
  caller: Caller,
  request: CreateJoinTokenRequest,
): Promise<JoinToken> {
  authorise(caller, 'AgentsService.CreateJoinToken');
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('site', referenceFault(request.site));
  const roles = readRoles(request.roles, found);
  const ttl = readTtl(request.ttl, found);
  found.refuse();
  const call = { caller, schema: CreateJoinTokenRequestSchema, request };
  // Only this call's own transaction sets it: the token itself is never stored.
  let token = '';
  const { outcome } = await createOnce(store, call, async (tx) => {
    const site = await findSiteToAdminister(tx.db, caller, request.site, 'site', 'AgentsService.CreateJoinToken');
    const expiresAt = tx.now + ttl;
    const made = await createJoinToken(tx, { siteId: site.id, roles, expiresAt, createdBy: caller.userId });
    token = made.token;
    const deed = { action: 'agent.invite', siteId: site.id, objectKind: 'join_token', objectId: made.id };
    await record(tx, caller, { ...deed, change: { roles, expiresAt } });
    return { token: made.id, expiresAt: String(expiresAt) };
  });
  const expiresAt = Number(outcome.expiresAt);
  return { token, roles, expiresAt };
}

/** Changes an agent's name. @returns its identifier */
export async function updateAgentVerb(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateAgentRequest,
): Promise<string> {
  authorise(caller, 'AgentsService.UpdateAgent');
  const asked = request.agent ?? create(AgentSchema);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, ['name'], found);
  found.check('agent.id', referenceFault(asked.id));
  if (paths.has('name') && domainFault(asked.name)) found.check('agent.name', hostnameFault(asked.name));
  found.refuse();
  return store.transaction(async (tx) => {
    const agent = await findAgent(tx.db, caller, asked.id, 'agent.id', 'AgentsService.UpdateAgent');
    await tx.db.updateTable('agents').set({ name: asked.name }).where('id', '=', agent.id).execute();
    tx.nudge({ kind: 'agent', id: agent.id });
    const deed = { action: 'agent.update', siteId: agent.site_id, objectKind: 'agent', objectId: agent.id };
    await record(tx, caller, { ...deed, change: difference({ name: agent.name }, { name: asked.name }) });
    return agent.id;
  });
}

/** Revokes an agent: its session ends at once and its certificate opens no other. Doing so twice is harmless. */
export async function deleteAgentVerb({ store }: AppDeps, caller: Caller, request: DeleteAgentRequest): Promise<void> {
  await store.transaction(async (tx) => {
    const agent = await findAgent(tx.db, caller, request.agent, 'agent', 'AgentsService.DeleteAgent');
    if (!(await revokeAgent(tx, agent.id))) return;
    await abandonCommands(tx, agent.id, `agent ${agent.name} was revoked`);
    await dropAgentConditions(tx, agent.id);
    await tx.db.updateTable('nodes').set({ agent_id: null }).where('agent_id', '=', agent.id).execute();
    await bumpSite(tx, agent.site_id, null);
    const deed = { action: 'agent.revoke', siteId: agent.site_id, objectKind: 'agent', objectId: agent.id };
    await record(tx, caller, { ...deed, change: { name: agent.name } });
  });
}

/** Sends the current generation again. @throws AppError "agent_revoked" */
export async function retryAgentVerb(deps: AppDeps, caller: Caller, request: RetryAgentRequest): Promise<void> {
  const agent = await findAgent(deps.store.db, caller, request.agent, 'agent', 'AgentsService.RetryAgent');
  if (agent.status === 'revoked') {
    throw new AppError('failed_precondition', {
      reason: 'agent_revoked',
      message: `Agent ${agent.name} is revoked.`,
    });
  }
  await deps.store.transaction(async (tx) => {
    const deed = { action: 'agent.retry', siteId: agent.site_id, objectKind: 'agent', objectId: agent.id };
    await record(tx, caller, { ...deed, change: { name: agent.name } });
  });
  await deps.fleet.retry(agent.id);
}

/**
 * Lets an agent that holds something newer than the backup go back to what was restored. Doing so twice is harmless.
 * @returns its identifier
 */
export async function confirmRestoreVerb(
  { store }: AppDeps,
  caller: Caller,
  request: ConfirmRestoreRequest,
): Promise<string> {
  return store.transaction(async (tx) => {
    const agent = await findAgent(tx.db, caller, request.agent, 'agent', 'AgentsService.ConfirmRestore');
    if (await letFollow(tx, agent)) {
      const deed = { action: 'agent.confirm_restore', siteId: agent.site_id, objectKind: 'agent', objectId: agent.id };
      const { name, ahead_generation, restored_revision } = agent;
      await record(tx, caller, { ...deed, change: { name, held: ahead_generation, restored: restored_revision } });
    }
    return agent.id;
  });
}

function readRoles(asked: readonly AgentRole[], found: Violations): RoleName[] {
  if (asked.length === 0) found.check('roles', 'must name at least one of nginx, dnsmasq and proxmox');
  const roles = new Set<RoleName>();
  for (const [i, role] of asked.entries()) {
    const name = ROLES[role];
    if (found.check(`roles[${i}]`, name ? undefined : 'must be nginx, dnsmasq or proxmox') && name) roles.add(name);
  }
  return [...roles];
}

function readTtl(ttl: Duration | undefined, found: Violations): number {
  if (!ttl) return TTL.default;
  const ms = durationMs(ttl);
  const right = Number.isFinite(ms) && ms >= TTL.min && ms <= TTL.max;
  found.check('ttl', right ? undefined : 'must be between 1 minute and 24 hours');
  return ms;
}
