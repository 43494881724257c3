/**
 * Agents of an installation that was restored from a backup. What an agent holds may be newer than the backup: it is the
 * only witness of what was made since. Such an agent is "ahead": it is sent neither state nor commands and goes on
 * serving what it has, until an administrator has seen what would be taken away and confirms. Its generations are of a
 * time this installation knows nothing of, so none counts as one of ours. Until each agent of a site has been heard, and
 * confirmed where it is ahead, operations of that site wait: what is made must not take the place of what is there.
 */
import { RETRY_WANTED } from './agent-revisions.ts';
import { dropConditions } from './conditions.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** The condition that says what an agent would lose. */
export const AHEAD = 'ahead_of_restore';

type Marks = Pick<Row<'agents'>, 'restored_revision' | 'ahead_generation'>;

/** Marks of an agent that follows. */
export const FOLLOWS: Marks = { restored_revision: null, ahead_generation: null };

/** What a row says of an agent that comes with these generations. */
export function atReturn(
  { restored_revision }: Pick<Row<'agents'>, 'restored_revision'>,
  held: number,
  running: number,
): Marks & Pick<Row<'agents'>, 'acked_generation' | 'running_generation'> {
  if (restored_revision === null || held <= restored_revision) {
    return { ...FOLLOWS, acked_generation: held, running_generation: running };
  }
  return { restored_revision, ahead_generation: held, acked_generation: 0, running_generation: 0 };
}

/** Agents of a site that keep its operations waiting, by name. */
export function unconfirmedAgents(db: Db, siteId: string): Promise<Pick<Row<'agents'>, 'name' | 'ahead_generation'>[]> {
  return db
    .selectFrom('agents')
    .select(['name', 'ahead_generation'])
    .where('site_id', '=', siteId)
    .where('status', '=', 'active')
    .where('restored_revision', 'is not', null)
    .orderBy('name')
    .execute();
}

/**
 * Lets an agent follow, whatever it holds. Its session hears of it by a nudge or, should that be lost, finds the wish
 * for another try in the row.
 * @returns false when it does so already
 */
export async function letFollow(tx: Tx, agent: Pick<Row<'agents'>, 'id'>): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('agents')
    .set({ ...FOLLOWS, rejected_generation: RETRY_WANTED })
    .where('id', '=', agent.id)
    .where('restored_revision', 'is not', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await dropConditions(tx, agent.id, AHEAD);
  tx.nudge({ kind: 'agent', id: agent.id });
  return true;
}
