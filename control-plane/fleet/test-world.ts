import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { agentById } from '../store/agents.ts';
import { queueCommand } from '../store/commands.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { Fleet } from './fleet.ts';
import { addAgent, addSite, memoryStore, record, ScriptedAgent, ScriptedView, silentLog } from './test-site.ts';

/** Life of a certificate, milliseconds. */
export const DAY_MS = 86_400_000;

/** A fleet on a virtual clock with one agent of every role, whose desired state is generation 2. */
export class TestWorld {
  readonly clock: VirtualClock;
  readonly view = new ScriptedView();
  readonly store: Store;
  readonly siteId: string;
  readonly agentId: string;
  readonly fleet: Fleet;

  private constructor(store: Store, clock: VirtualClock, siteId: string, agentId: string) {
    this.store = store;
    this.clock = clock;
    this.siteId = siteId;
    this.agentId = agentId;
    this.view.set([record('web1', '10.64.0.10')]);
    this.fleet = this.newFleet('rep-1');
  }

  static async open(): Promise<TestWorld> {
    const clock = new VirtualClock();
    const store = await memoryStore(clock);
    const siteId = await addSite(store);
    const world = new TestWorld(store, clock, siteId, await addAgent(store, siteId));
    await world.fleet.start();
    return world;
  }

  async close(): Promise<void> {
    await this.fleet.stop();
    await this.store.close();
  }

  /** Another replica on the same database; not started. */
  newFleet(replicaId: string): Fleet {
    const { store, clock, view } = this;
    return new Fleet({ store, clock, random: () => 0.5, log: silentLog, replicaId, openView: async () => view });
  }

  /** Opens a session; with an agent from before it is the same one again. */
  async connect(agent = new ScriptedAgent(), on = this.fleet): Promise<ScriptedAgent> {
    agent.ended = undefined;
    agent.heard.length = 0;
    agent.end = on.accept({ agentId: this.agentId, notAfter: this.clock.now() + DAY_MS }, agent);
    agent.hello();
    await this.settle();
    return agent;
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.clock.advance(10);
  }

  /** The agent's row. */
  async row(): Promise<Row<'agents'>> {
    const found = await agentById(this.store.db, this.agentId);
    if (!found) throw new Error('the agent is gone');
    return found;
  }

  /** Conditions of the agent or of a container. */
  conditionsOf(column: 'agent_id' | 'container_id', id: string): Promise<Row<'conditions'>[]> {
    return this.store.db.selectFrom('conditions').selectAll().where(column, '=', id).execute();
  }

  /** The site's next generation, with its nudge. */
  async move(...resources: Parameters<ScriptedView['set']>[0]): Promise<void> {
    this.view.set(resources);
    this.store.feed.publish({ kind: 'site', id: this.siteId });
    await this.settle();
  }

  /** Queues a command. @returns its identifier */
  inspect(deadlineMs = 60_000): Promise<string> {
    const command = { agentId: this.agentId, task: { case: 'inspectGuest' as const, value: {} }, deadlineMs };
    return this.store.transaction((tx) => queueCommand(tx, command));
  }
}
