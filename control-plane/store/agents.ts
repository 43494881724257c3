/**
 * Agents as rows. Everything a session writes is conditional on the epoch it was given at its take-over: a session
 * that was superseded, here or on another replica, writes nothing any more.
 */
import { newId } from '../ids.ts';
import { atReturn } from './restored-agents.ts';
import type { Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

/** What an agent is for, as kept in rows. */
export type AgentRole = 'nginx' | 'dnsmasq' | 'proxmox';

/** What is known of an agent at its enrolment. */
export interface NewAgent {
  siteId: string;
  name: string;
  roles: readonly AgentRole[];
  machineId: string;
}

/** Newest certificate of an agent. */
export interface AgentCertificate {
  /** Hex. */
  serial: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** What a session tells of itself when it takes over. */
export interface TakeOver {
  agentId: string;
  sessionId: string;
  replicaId: string;
  version: string;
  capabilities: readonly string[];
  /** What the agent says it holds; the new epoch lies above. */
  heldEpoch: bigint;
  heldGeneration: bigint;
  runningGeneration: bigint;
}

/** Columns a session may write. */
export type SessionWrite = Partial<
  Pick<
    Row<'agents'>,
    | 'desired_generation'
    | 'covered_revision'
    | 'sent_generation'
    | 'acked_generation'
    | 'running_generation'
    | 'rejected_generation'
    | 'rejected_message'
    | 'acked_lease_seq'
    | 'last_seen_at'
    | 'session_id'
    | 'replica_id'
    | 'restored_revision'
    | 'ahead_generation'
  >
>;

/** Roles of an agent's row. */
export function rolesOf(row: Pick<Row<'agents'>, 'roles'>): AgentRole[] {
  return JSON.parse(row.roles);
}

/** One agent. */
export function agentById(db: Db, id: string): Promise<Row<'agents'> | undefined> {
  return db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Agents of a site that are not revoked, oldest first. */
export function activeAgentsOf(db: Db, siteId: string): Promise<Row<'agents'>[]> {
  return db
    .selectFrom('agents')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('status', '=', 'active')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** A new agent's row, without a certificate yet. @returns its identifier */
export async function insertAgent(tx: Tx, agent: NewAgent, certificate: AgentCertificate, id = newId('agt', tx.now)) {
  await tx.db
    .insertInto('agents')
    .values({
      id,
      site_id: agent.siteId,
      name: agent.name,
      roles: JSON.stringify(agent.roles),
      machine_id: agent.machineId,
      status: 'active',
      certificate_serial: certificate.serial,
      certificate_expires_at: certificate.expiresAt,
      session_id: null,
      replica_id: null,
      version: '',
      capabilities: '[]',
      connected_at: null,
      last_seen_at: null,
      rejected_message: '',
      created_at: tx.now,
    })
    .execute();
  tx.nudge({ kind: 'agent', id });
  return id;
}

/** Notes the newest certificate of an agent that is not revoked. @returns false when it is */
export async function setAgentCertificate(tx: Tx, id: string, certificate: AgentCertificate): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('agents')
    .set({ certificate_serial: certificate.serial, certificate_expires_at: certificate.expiresAt })
    .where('id', '=', id)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (numUpdatedRows > 0n) tx.nudge({ kind: 'agent', id });
  return numUpdatedRows > 0n;
}

/**
 * Revokes an agent: its session ends as soon as its replica hears of it, and no certificate of its opens another. Its
 * commands, its conditions and what it is in charge of are left to the caller.
 * @returns false when there is no such agent, or it was revoked before
 */
export async function revokeAgent(tx: Tx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('agents')
    .set({ status: 'revoked' })
    .where('id', '=', id)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (numUpdatedRows > 0n) tx.nudge({ kind: 'agent', id });
  return numUpdatedRows > 0n;
}

/**
 * Makes a session the agent's only one. The epoch rises above the row's and above what the agent has seen, so that it
 * stays monotonic even when the database was restored from a backup.
 * @returns the agent's row with the new epoch; undefined when the agent is unknown or revoked
 */
export function takeOverSession(store: Store, take: TakeOver): Promise<Row<'agents'> | undefined> {
  return store.transaction(async (tx) => {
    const locked = tx.db.selectFrom('agents').selectAll().where('id', '=', take.agentId);
    const row = await (store.dialect === 'sqlite' ? locked : locked.forUpdate()).executeTakeFirst();
    if (row?.status !== 'active') return undefined;
    const set = {
      epoch: Math.max(row.epoch, Number(take.heldEpoch)) + 1,
      session_id: take.sessionId,
      replica_id: take.replicaId,
      version: take.version.slice(0, 64),
      capabilities: JSON.stringify(take.capabilities),
      connected_at: tx.now,
      last_seen_at: tx.now,
      ...atReturn(row, Number(take.heldGeneration), Number(take.runningGeneration)),
      // What the former session knew was about what it had told the agent.
      covered_revision: 0,
    };
    await tx.db.updateTable('agents').set(set).where('id', '=', take.agentId).execute();
    tx.nudge({ kind: 'agent', id: take.agentId });
    return { ...row, ...set };
  });
}

/** A session's write within a transaction. @returns false when the session was superseded; nothing is written then */
export async function writeUnderEpoch(tx: Tx, agentId: string, epoch: number, set: SessionWrite): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('agents')
    .set(set)
    .where('id', '=', agentId)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Notes the end of a session, unless another has taken over. */
export async function endSession(store: Store, agentId: string, epoch: number, lastSeenAt: number): Promise<void> {
  await store.transaction(async (tx) => {
    const set = { session_id: null, replica_id: null, last_seen_at: lastSeenAt };
    if (await writeUnderEpoch(tx, agentId, epoch, set)) tx.nudge({ kind: 'agent', id: agentId });
  });
}

/** Forgets the sessions a replica had when it died. */
export async function clearSessionsOf(store: Store, replicaId: string): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db
      .updateTable('agents')
      .set({ session_id: null, replica_id: null })
      .where('replica_id', '=', replicaId)
      .execute();
  });
}

/** Writes when agents were last heard, many in one transaction. */
export async function flushLastSeen(store: Store, seen: ReadonlyMap<string, number>): Promise<void> {
  if (seen.size === 0) return;
  await store.transaction(async (tx) => {
    for (const [id, at] of seen) {
      await tx.db.updateTable('agents').set({ last_seen_at: at }).where('id', '=', id).execute();
    }
  });
}
