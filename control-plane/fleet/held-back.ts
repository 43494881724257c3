/**
 * An agent that holds more than a restored installation knows of, in its session: it is asked what would become of its
 * set, once for each state it could be given, and sent nothing else. What it answers becomes a condition, which is what
 * an administrator reads before he confirms.
 */
import { ConfigDeltaSchema, type HeldState, type PreviewResult } from '@berth/proto/agent/v1/session_pb.js';
import { same } from '@berth/proto/contract/delta.ts';
import { create } from '@bufbuild/protobuf';
import { dropConditions, replaceConditions } from '../store/conditions.ts';
import { AHEAD, FOLLOWS } from '../store/restored-agents.ts';
import type { Store } from '../store/store.ts';
import type { AgentView } from './desired-view.ts';
import { type Reporter, write } from './reports.ts';
import type { Say } from './session.ts';

/** Names in a condition; the counts tell the rest. */
const NAMED_MAX = 20;

/** What holding back works with. */
export interface HeldBackOptions {
  store: Store;
  reporter: Reporter;
  /** What the agent holds. */
  held: HeldState;
  say(message: Say): void;
}

/** Holds one agent back. */
export class HeldBack {
  readonly #options: HeldBackOptions;
  #asked: Uint8Array | undefined;

  constructor(options: HeldBackOptions) {
    this.#options = options;
  }

  /**
   * Looks at what the agent would be given now.
   * @returns whether it need not be held back: what it holds is just that
   */
  async look(target: AgentView): Promise<boolean> {
    const { store, reporter, held, say } = this.#options;
    if (same(target.digest, held.digest)) {
      await store.transaction(async (tx) => {
        await write(tx, reporter, FOLLOWS);
        await dropConditions(tx, reporter.agentId, AHEAD);
        tx.nudge({ kind: 'agent', id: reporter.agentId });
      });
      return true;
    }
    if (this.#asked && same(this.#asked, target.digest)) return false;
    if (!this.#asked) await note(store, reporter, aheadOf(held.generation));
    this.#asked = target.digest;
    const to = { epoch: BigInt(reporter.epoch), toGeneration: target.generation, toDigest: target.digest };
    const value = create(ConfigDeltaSchema, { ...to, snapshot: true, upserts: [...target.resources()] });
    say({ case: 'preview', value });
    return false;
  }
}

/** Takes an agent's answer to a preview in, unless it was confirmed meanwhile. */
export async function recordPreview(store: Store, from: Reporter, result: PreviewResult): Promise<void> {
  const { heldGeneration, removed, changed, added, removedNames, changedNames } = result;
  const parts = [
    removed > 0 ? `take away ${removed} (${named(removedNames, removed)})` : '',
    changed > 0 ? `change ${changed} (${named(changedNames, changed)})` : '',
    added > 0 ? `add ${added}` : '',
  ].filter(Boolean);
  const would =
    parts.length > 0 ? `Going back would ${parts.join(', ')}.` : 'Going back would change nothing it serves.';
  await note(store, from, `${aheadOf(heldGeneration)} ${would}`);
}

function aheadOf(generation: bigint): string {
  return `It holds generation ${generation}, newer than the backup this installation was restored from, and goes on serving that until an administrator confirms.`;
}

async function note(store: Store, from: Reporter, message: string): Promise<void> {
  await store.transaction(async (tx) => {
    await write(tx, from, {});
    const { siteId, agentId } = from;
    const agent = await tx.db
      .selectFrom('agents')
      .select('ahead_generation')
      .where('id', '=', agentId)
      .executeTakeFirst();
    if (!agent || agent.ahead_generation === null) return;
    const finding = { kind: AHEAD, severity: 'warning' as const, subject: 'restore', message };
    await replaceConditions(tx, { siteId, agentId, kinds: [AHEAD] }, [finding]);
    tx.nudge({ kind: 'agent', id: agentId });
  });
}

function named(names: readonly string[], count: number): string {
  const some = names.slice(0, NAMED_MAX).map((name) => name.slice(0, 200));
  return count > some.length ? [...some, '…'].join(', ') : some.join(', ');
}
