import { type Identity, IdentityStore, lifeOf } from './shared/identity.ts';
import { readLedger } from './shared/ledger.ts';

/** What an agent's state directory says. */
export interface AgentStatus {
  agentId: string;
  server: string;
  /** RFC 3339. */
  certificateEnds: string;
  held: { epoch: string; generation: string; resources: number };
  runningGeneration: string;
}

/** Reads the state on disk; the agent may be running. Undefined before enrolment. */
export async function readStatus(stateDir: string): Promise<AgentStatus | undefined> {
  const identity: Identity | undefined = await new IdentityStore(stateDir).read();
  if (!identity) return undefined;
  const { held, running } = await readLedger(stateDir);
  return {
    agentId: identity.agentId,
    server: identity.sessionAddress,
    certificateEnds: new Date(lifeOf(identity.chainPem).notAfterMs).toISOString(),
    held: {
      epoch: held.epoch.toString(),
      generation: held.generation.toString(),
      resources: held.resources.size,
    },
    runningGeneration: running.toString(),
  };
}
