/** A real fleet and the core of a real agent, without a wire between them. */
import { Agent } from '@berth/agents/shared/agent.ts';
import { CommandJournal } from '@berth/agents/shared/command-journal.ts';
import { Ledger } from '@berth/agents/shared/ledger.ts';
import type { RoleModule } from '@berth/agents/shared/role.ts';
import type { Session } from '@berth/agents/shared/session.ts';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { openSiteView } from '../desired/site-views.ts';
import type { Store } from '../store/store.ts';
import { Fleet } from './fleet.ts';
import { silentLog } from './test-site.ts';

/** Starts a fleet. */
export async function startFleet(store: Store): Promise<Fleet> {
  const openView = (id: string) => openSiteView(store, id);
  const options = { clock: systemClock, random: Math.random, log: silentLog, replicaId: 'rep-1' };
  const fleet = new Fleet({ ...options, store, openView });
  await fleet.start();
  return fleet;
}

/** Starts an agent. @param directory where it keeps its state, as after a restart where some is there */
export async function startAgent(role: RoleModule, directory: string): Promise<Agent> {
  const agent = new Agent({
    roles: [role],
    ledger: await Ledger.open(directory),
    journal: await CommandJournal.open(directory, systemClock),
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    instance: 'one',
    bootId: 'boot',
    version: '0.1.0',
    stateDirOf: async () => directory,
    trust: async () => {},
  });
  await agent.start();
  return agent;
}

/** Joins the two. @returns what breaks the connection */
export function joinAgent(fleet: Fleet, agent: Agent, agentId: string): () => void {
  let session: Session | undefined;
  const early: Parameters<Session['receive']>[0][] = [];
  const end = fleet.accept(
    { agentId, notAfter: systemClock.now() + 3_600_000 },
    { send: (message) => (session ? session.receive(message) : early.push(message)), close: () => session?.end() },
  );
  const cut = () => {
    session?.end();
    end.closed();
  };
  session = agent.connect({ send: (message) => end.receive(message), close: cut, drain: cut, welcomed: () => {} });
  for (const message of early) session.receive(message);
  return cut;
}
