import type { Store } from '../store/store.ts';
import { agentFigures } from './read-agents.ts';
import { containerFigures } from './read-containers.ts';
import { siteFigures } from './read-sites.ts';
import { workFigures } from './read-work.ts';
import { Samples } from './samples.ts';
import { STORE } from './store-definitions.ts';

/** Figures of the whole installation. */
export type StoreSamples = Samples<typeof STORE>;

/**
 * Reads the figures of the whole installation from the store: sums that the database makes, so that what is asked of it
 * grows with sites, nodes and agents, and not with what is sent from there.
 * @param fleetStartedAt as for `agentState`
 */
export async function readStoreFigures(store: Store, fleetStartedAt: number): Promise<StoreSamples> {
  const samples = new Samples(STORE);
  const sites = await store.db.selectFrom('sites').selectAll().execute();
  const names = new Map(sites.map(({ id, name }) => [id, name]));
  const agents = await agentFigures(store, samples, names, fleetStartedAt);
  await containerFigures(store.db, samples, names, agents);
  await siteFigures(store, samples, sites);
  await workFigures(store, samples);
  return samples;
}
