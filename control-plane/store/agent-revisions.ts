/**
 * Which revision of its site an agent is at. A generation is the revision at which an agent's set last changed, as the
 * replica saw that holds its session; replicas that looked at different moments may number the same set differently.
 * What holds on all of them: generation N is the set of revision N. So an agent has what revision R asks for when its
 * generation is R or later, or when it is the one it should have and that is known to hold for R.
 */
import type { Row } from './schema.ts';
import type { Tx } from './store.ts';

/** Value of `rejected_generation` that asks the agent's session for one more try. */
export const RETRY_WANTED = -1;

type Generations = Pick<
  Row<'agents'>,
  'desired_generation' | 'covered_revision' | 'acked_generation' | 'running_generation'
>;

/** Whether an agent's host serves what a revision of its site asks of it. */
export function runsRevision(agent: Generations, revision: number): boolean {
  return isAt(agent, agent.running_generation, revision);
}

/** Whether what a revision of its site asks of an agent is safe in its ledger. */
export function holdsRevision(agent: Generations, revision: number): boolean {
  return isAt(agent, agent.acked_generation, revision);
}

function isAt(agent: Generations, generation: number, revision: number): boolean {
  return generation >= revision || (agent.covered_revision >= revision && generation === agent.desired_generation);
}

/** A session's word that a revision asks nothing new of its agent. */
export interface Covered {
  agentId: string;
  epoch: number;
  /** What the agent should hold. */
  generation: number;
  revision: number;
}

/** Notes such a word, unless the agent has another session or another generation to hold by now. */
export async function noteCovered(tx: Tx, { agentId, epoch, generation, revision }: Covered): Promise<void> {
  await tx.db
    .updateTable('agents')
    .set({ covered_revision: revision })
    .where('id', '=', agentId)
    .where('epoch', '=', epoch)
    .where('desired_generation', '=', generation)
    .where('covered_revision', '<', revision)
    .execute();
}
