import { createHash } from 'node:crypto';
import type { Row } from './schema.ts';
import type { Tx } from './store.ts';

/** A condition that holds now. */
export interface Finding {
  /** Stable kind in snake case, e.g. "quarantined". */
  kind: string;
  severity: Row<'conditions'>['severity'];
  /** What it is about, e.g. "httpRoute ctr-…/svc-…". */
  subject: string;
  /** The reason in words. */
  message: string;
  /** The container whose owner should know, if it is one's. */
  containerId?: string | undefined;
}

/** Which conditions a report speaks about: those it does not repeat are over. */
export interface ConditionScope {
  siteId: string;
  agentId: string;
  kinds: readonly string[];
  /** Only these subjects; absent: all. */
  subjects?: readonly string[];
}

/**
 * Makes the conditions of a scope be exactly the findings. One that goes on keeps its `since`; the containers whose
 * conditions changed are nudged.
 * @returns whether anything changed
 */
export async function replaceConditions(tx: Tx, scope: ConditionScope, findings: readonly Finding[]): Promise<boolean> {
  const before = new Map((await inScope(tx, scope)).map((row) => [row.id, row]));
  const touched = new Set<string | null>();
  for (const finding of findings) {
    const id = idOf(scope.agentId, finding);
    const old = before.get(id);
    before.delete(id);
    if (old?.message === finding.message && old.severity === finding.severity) continue;
    await put(tx, scope, id, finding, old !== undefined);
    touched.add(finding.containerId ?? null);
  }
  for (const row of before.values()) touched.add(row.container_id);
  if (before.size > 0) {
    await tx.db
      .deleteFrom('conditions')
      .where('id', 'in', [...before.keys()])
      .execute();
  }
  for (const id of touched) if (id) tx.nudge({ kind: 'container', id });
  return touched.size > 0;
}

/** Notes one condition, leaving all others. */
export async function noteCondition(tx: Tx, siteId: string, agentId: string, finding: Finding): Promise<void> {
  await replaceConditions(tx, { siteId, agentId, kinds: [finding.kind], subjects: [finding.subject] }, [finding]);
}

/** Drops what an agent said, because it will never say that it is over. */
export async function dropAgentConditions(tx: Tx, agentId: string): Promise<void> {
  await tx.db.deleteFrom('conditions').where('agent_id', '=', agentId).execute();
}

/** Drops an agent's conditions of a kind that is over. */
export async function dropConditions(tx: Tx, agentId: string, kind: string): Promise<void> {
  await tx.db.deleteFrom('conditions').where('agent_id', '=', agentId).where('kind', '=', kind).execute();
}

/** Drops conditions of a kind that began before a moment: those that tell of an event, not of a state. */
export async function expireConditions(tx: Tx, kind: string, before: number): Promise<void> {
  await tx.db.deleteFrom('conditions').where('kind', '=', kind).where('since', '<', before).execute();
}

function inScope(tx: Tx, scope: ConditionScope): Promise<Row<'conditions'>[]> {
  let query = tx.db
    .selectFrom('conditions')
    .selectAll()
    .where('agent_id', '=', scope.agentId)
    .where('kind', 'in', [...scope.kinds]);
  if (scope.subjects) {
    if (scope.subjects.length === 0) return Promise.resolve([]);
    query = query.where('subject', 'in', [...scope.subjects]);
  }
  return query.execute();
}

async function put(tx: Tx, scope: ConditionScope, id: string, finding: Finding, there: boolean): Promise<void> {
  const { severity, message } = finding;
  if (there) {
    await tx.db.updateTable('conditions').set({ severity, message }).where('id', '=', id).execute();
    return;
  }
  await tx.db
    .insertInto('conditions')
    .values({
      id,
      site_id: scope.siteId,
      agent_id: scope.agentId,
      container_id: finding.containerId ?? null,
      kind: finding.kind,
      severity,
      subject: finding.subject.slice(0, 255),
      message,
      since: tx.now,
    })
    .execute();
}

// The identity is the key itself, hashed: the same finding reported twice, even by two replicas at once, is one row.
function idOf(agentId: string, { kind, subject, containerId }: Finding): string {
  const key = JSON.stringify([agentId, kind, subject.slice(0, 255), containerId ?? null]);
  return `cnd-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}
