import type { AppDeps } from '../app/app-deps.ts';
import type { Logger } from '../log.ts';

/** What the API works with. */
export interface ApiDeps {
  app: AppDeps;
  log: Logger;
  /** When this replica's fleet began to listen, milliseconds since the epoch; see `agentState`. */
  fleetStartedAt: () => number;
}
