/** What agents report, into rows and conditions. Each report is one transaction; none trusts more than its role allows. */
import type { CommandProgress, CommandResult } from '@berth/proto/agent/v1/command_pb.js';
import type {
  BackendReport,
  ConfigStatus,
  DriftReport,
  GuestReport,
  Health,
  LeaseReport,
  ResourceError,
} from '@berth/proto/agent/v1/session_pb.js';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { activeAgentsOf, rolesOf, writeUnderEpoch } from '../store/agents.ts';
import { putBackendHealth } from '../store/backend-health.ts';
import { recordCommandProgress, recordCommandResult } from '../store/commands.ts';
import { type Finding, noteCondition, replaceConditions } from '../store/conditions.ts';
import { putGuestStates } from '../store/guest-states.ts';
import { LEASE_CONDITIONS, leaseFindings, leasesOf, putLeases, removeLeases } from '../store/leases.ts';
import { appendOperationLog } from '../store/operations.ts';
import type { Row } from '../store/schema.ts';
import type { Store, Tx } from '../store/store.ts';

/** Whose report it is. */
export interface Reporter {
  agentId: string;
  siteId: string;
  epoch: number;
}

/** Thrown when a report comes from a session that another has superseded: it must end without a trace. */
export class Superseded extends Error {
  constructor() {
    super('another session of this agent has taken over');
    this.name = 'Superseded';
  }
}

/** A generation is applied, or was refused as a whole; either way `errors` is all that is quarantined. */
export async function recordOutcome(
  store: Store,
  from: Reporter,
  status: ConfigStatus,
  verdict: 'running' | 'rejected',
  heldGeneration: bigint,
): Promise<void> {
  const generation = Number(status.generation);
  await store.transaction(async (tx) => {
    const set =
      verdict === 'running'
        ? { running_generation: generation, rejected_generation: 0, rejected_message: '' }
        : { rejected_generation: generation, rejected_message: status.message };
    await write(tx, from, { ...set, acked_generation: Number(heldGeneration) });
    const rejected: Finding = {
      kind: 'config_rejected',
      severity: 'error',
      subject: 'configuration',
      message: status.message || 'the agent refused its configuration',
    };
    const scope = { siteId: from.siteId, agentId: from.agentId, kinds: ['quarantined', 'config_rejected'] };
    await replaceConditions(tx, scope, [
      ...status.errors.map(quarantined),
      ...(verdict === 'rejected' ? [rejected] : []),
    ]);
    tx.nudge({ kind: 'agent', id: from.agentId });
  });
}

/** A generation is safe in the agent's ledger. */
export async function recordAccepted(store: Store, from: Reporter, generation: bigint): Promise<void> {
  await store.transaction(async (tx) => {
    await write(tx, from, { acked_generation: Number(generation) });
    tx.nudge({ kind: 'agent', id: from.agentId });
  });
}

/** Stores how a command ended. @returns the command, unless it had ended before or is none of this agent's */
export function recordResult(
  store: Store,
  from: Reporter,
  result: CommandResult,
): Promise<Row<'commands'> | undefined> {
  return store.transaction(async (tx) => {
    await write(tx, from, {});
    return recordCommandResult(tx, from.agentId, result);
  });
}

/** Appends a command's line to the log of its operation. */
export async function recordProgress(store: Store, from: Reporter, progress: CommandProgress): Promise<void> {
  const operationId = await store.transaction((tx) => recordCommandProgress(tx, from.agentId, progress));
  if (operationId) await appendOperationLog(store, operationId, undefined, [progress.line]);
}

/**
 * Takes leases in. A full report ends what it does not name, unless the site has more than one DHCP server: then each
 * only knows its own.
 */
export async function recordLeases(store: Store, from: Reporter, report: LeaseReport): Promise<void> {
  await store.transaction(async (tx) => {
    await write(tx, from, { acked_lease_seq: Number(report.seq) });
    const removals = new Set(report.removals);
    if (report.full && (await isOnlyServer(tx, from))) {
      for (const { mac } of await leasesOf(tx.db, from.siteId)) removals.add(mac);
    }
    for (const { mac } of report.upserts) removals.delete(mac);
    await removeLeases(tx, from.siteId, [...removals]);
    await putLeases(tx, from.siteId, report.upserts);
    await judgeLeases(tx, from, report, removals);
    await nudgeOwners(tx, from.siteId, [...removals, ...report.upserts.map(({ mac }) => mac)]);
  });
}

/** Takes the state of guests in, which nodes could not be asked, and where a token may not do what is needed. */
export async function recordGuests(store: Store, from: Reporter, report: GuestReport): Promise<void> {
  await store.transaction(async (tx) => {
    await write(tx, from, {});
    await putGuestStates(tx, from.siteId, report.guests);
    await replaceNodeConditions(tx, from, 'node_unreachable', 'warning', report.unreachableNodes);
    await replaceNodeConditions(tx, from, 'node_rights', 'error', report.missingRights);
  });
}

/** Takes in whether the backends of routes answer. */
export async function recordBackends(store: Store, from: Reporter, report: BackendReport): Promise<void> {
  await store.transaction(async (tx) => {
    await write(tx, from, {});
    await putBackendHealth(tx, from, report.backends, report.full);
  });
}

/** Takes the well-being of agent and host in. */
export async function recordHealth(store: Store, from: Reporter, health: Health): Promise<void> {
  const severity = health.ok ? ('warning' as const) : ('error' as const);
  const lines = health.ok || health.findings.length > 0 ? health.findings : ['the agent cannot do its work'];
  const findings = [...new Set(lines)].map((line) => ({ kind: 'health', severity, subject: line, message: line }));
  await store.transaction(async (tx) => {
    await write(tx, from, {});
    await replaceAgentConditions(tx, from, 'health', findings);
  });
}

/** Notes a managed file that somebody else changed; each time anew, since it tells of an event. */
export async function recordDrift(store: Store, from: Reporter, drift: DriftReport): Promise<void> {
  const finding: Finding = {
    kind: 'drift',
    severity: drift.repairedAt ? 'info' : 'error',
    subject: drift.path,
    message: driftMessage(drift),
  };
  await store.transaction(async (tx) => {
    await write(tx, from, {});
    const { siteId, agentId } = from;
    await replaceConditions(tx, { siteId, agentId, kinds: ['drift'], subjects: [drift.path.slice(0, 255)] }, []);
    await noteCondition(tx, siteId, agentId, finding);
    tx.nudge({ kind: 'agent', id: agentId });
  });
}

/** A session's write. @throws Superseded, which rolls the transaction back */
export async function write(tx: Tx, from: Reporter, set: Parameters<typeof writeUnderEpoch>[3]): Promise<void> {
  const columns = Object.keys(set).length > 0 ? set : { last_seen_at: tx.now };
  if (!(await writeUnderEpoch(tx, from.agentId, from.epoch, columns))) throw new Superseded();
}

async function replaceAgentConditions(tx: Tx, from: Reporter, kind: string, findings: Finding[]): Promise<void> {
  const changed = await replaceConditions(tx, { siteId: from.siteId, agentId: from.agentId, kinds: [kind] }, findings);
  if (changed) tx.nudge({ kind: 'agent', id: from.agentId });
}

/** @param reasons by the name of the node */
async function replaceNodeConditions(
  tx: Tx,
  from: Reporter,
  kind: string,
  severity: Finding['severity'],
  reasons: Record<string, string>,
): Promise<void> {
  const findings = Object.entries(reasons).map(([subject, message]) => ({ kind, severity, subject, message }));
  await replaceAgentConditions(tx, from, kind, findings);
}

async function isOnlyServer(tx: Tx, from: Reporter): Promise<boolean> {
  const servers = (await activeAgentsOf(tx.db, from.siteId)).filter((agent) => rolesOf(agent).includes('dnsmasq'));
  return servers.every(({ id }) => id === from.agentId);
}

async function judgeLeases(tx: Tx, from: Reporter, report: LeaseReport, removals: Iterable<string>): Promise<void> {
  const { siteId, agentId } = from;
  const findings = await leaseFindings(tx.db, siteId, report.upserts);
  const named = [...report.upserts.map(({ mac }) => mac.toLowerCase()), ...removals];
  const subjects = report.full ? {} : { subjects: named };
  const changed = await replaceConditions(tx, { siteId, agentId, kinds: LEASE_CONDITIONS, ...subjects }, findings);
  if (changed) tx.nudge({ kind: 'agent', id: agentId });
}

async function nudgeOwners(tx: Tx, siteId: string, macs: string[]): Promise<void> {
  for (let at = 0; at < macs.length; at += 200) {
    const owners = await tx.db
      .selectFrom('containers')
      .select('id')
      .where('site_id', '=', siteId)
      .where('mac', 'in', macs.slice(at, at + 200))
      .execute();
    for (const { id } of owners) tx.nudge({ kind: 'container', id });
  }
}

function quarantined(error: ResourceError): Finding {
  const { kind = '', name = '' } = error.resource ?? {};
  const words = error.stderrTail.trim() || `the stage ${error.stage} ended with exit code ${error.exitCode}`;
  return {
    kind: 'quarantined',
    severity: 'error',
    subject: `${kind} ${name}`,
    message: words,
    containerId: containerOf(name),
  };
}

// Resources that serve a container are named after it, with what tells them apart behind a slash.
function containerOf(resourceName: string): string | undefined {
  return /^ctr-[0-9a-z]+(?=\/|$)/.exec(resourceName)?.[0];
}

function driftMessage({ kind, error, seenAt, repairedAt }: DriftReport): string {
  const what = `was ${kind || 'changed'} by somebody else`;
  if (!repairedAt) return `${what} and cannot be put back: ${error || 'the agent does not say why'}`;
  if (!seenAt) return `${what} and has been put back`;
  return `${what} and has been put back after ${timestampMs(repairedAt) - timestampMs(seenAt)} ms`;
}
