import { pruneCommands } from '../store/commands.ts';
import { expireConditions } from '../store/conditions.ts';
import { pruneJoinTokens } from '../store/join-tokens.ts';
import type { Store } from '../store/store.ts';

const DAY_MS = 86_400_000;

/** How long each thing is kept, milliseconds. Drift tells of an event, so it is not over before its time is. */
const KEEP = { driftMs: DAY_MS, commandsMs: 8 * DAY_MS, joinTokensMs: 7 * DAY_MS };

/**
 * Drops what nobody will ask for again. Commands are kept longer than the agents' journals, so that a late result
 * still finds its row.
 */
export async function prune(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await expireConditions(tx, 'drift', tx.now - KEEP.driftMs);
    await pruneCommands(tx, tx.now - KEEP.commandsMs);
    await pruneJoinTokens(tx, tx.now - KEEP.joinTokensMs);
  });
}
