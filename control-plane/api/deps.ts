import type { AppDeps } from '../app/app-deps.ts';
import type { Logger } from '../log.ts';
import type { EndedCall } from './conclude-calls.ts';

/** What the API works with. */
export interface ApiDeps {
  app: AppDeps;
  log: Logger;
  /** Told of each call that has ended. */
  onCall?: ((call: EndedCall) => void) | undefined;
  /** Whether this replica can do its work now. */
  ready: () => Promise<boolean>;
  /** When this replica's fleet began to listen, milliseconds since the epoch; see `agentState`. */
  fleetStartedAt: () => number;
}
