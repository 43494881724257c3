import type { SessionResponse } from '@berth/proto/agent/v1/session_pb.js';
import { digestOf } from '@berth/proto/contract/set-digest.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agentById } from '../store/agents.ts';
import { Fleet } from './fleet.ts';
import type { EndCode } from './session-link.ts';
import {
  type AgentSays,
  addAgent,
  addSite,
  memoryStore,
  record,
  ScriptedAgent,
  ScriptedView,
  silentLog,
} from './test-site.ts';

const DAY_MS = 86_400_000;

/** An agent whose messages travel: what is on its way when the connection breaks is lost, in both directions. */
class DistantAgent extends ScriptedAgent {
  #down: SessionResponse[] = [];
  #up: AgentSays[] = [];

  override send(message: SessionResponse): void {
    this.#down.push(message);
    expect(this.#down.filter(({ message: { case: kind } }) => kind === 'config').length).toBeLessThan(2);
  }

  override say(message: AgentSays): void {
    this.#up.push(message);
  }

  override close(code: EndCode, message: string): void {
    super.close(code, message);
    this.cut();
  }

  /** Delivers up to `count` messages of each direction. */
  deliver(count: number): void {
    for (const message of this.#down.splice(0, count)) super.send(message);
    for (const message of this.#up.splice(0, count)) super.say(message);
  }

  /** Breaks the connection. */
  cut(): void {
    this.#down = [];
    this.#up = [];
    const { end } = this;
    this.end = undefined;
    end?.closed();
  }
}

type Act =
  | { act: 'change'; name: number; address: number | null; nudged: boolean }
  | { act: 'deliver'; count: number }
  | { act: 'cut' | 'restart' | 'forget' | 'nudge' }
  | { act: 'wait'; ms: number };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('change' as const),
      name: fc.integer({ min: 0, max: 4 }),
      address: fc.option(fc.integer({ min: 10, max: 13 })),
      nudged: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('cut' as const, 'restart' as const, 'forget' as const, 'nudge' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 70_000 }) }) },
);

test('whatever is lost, cut or restarted, the agent ends up with what it must hold, and the row says so', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { maxLength: 40 }), async (script) => {
      const world = await makeWorld();
      try {
        for (const act of script) await world.play(act);
        await world.converge();
      } finally {
        await world.close();
      }
    }),
    { numRuns: 60 },
  );
});

async function makeWorld() {
  const clock = new VirtualClock();
  const store = await memoryStore(clock);
  const siteId = await addSite(store);
  const agentId = await addAgent(store, siteId, ['dnsmasq']);
  const view = new ScriptedView();
  const agent = new DistantAgent();
  const names = new Map<number, number>();
  const start = async () => {
    const made = new Fleet({
      store,
      clock,
      random: () => 0.5,
      log: silentLog,
      replicaId: 'rep-1',
      openView: async () => view,
    });
    await made.start();
    return made;
  };
  let fleet = await start();
  const nudge = () => store.feed.publish({ kind: 'site', id: siteId });
  const connect = () => {
    if (agent.end) return;
    agent.end = fleet.accept({ agentId, notAfter: clock.now() + DAY_MS }, agent);
    agent.hello();
  };
  const playOne = async (act: Act) => {
    switch (act.act) {
      case 'change':
        if (act.address === null) names.delete(act.name);
        else names.set(act.name, act.address);
        view.set([...names].map(([name, address]) => record(`web${name}`, `10.64.0.${address}`)));
        if (act.nudged) nudge();
        return;
      case 'deliver':
        return agent.deliver(act.count);
      case 'cut':
        return agent.cut();
      case 'restart':
        agent.cut();
        await fleet.stop();
        fleet = await start();
        return;
      case 'forget':
        view.remembers = !view.remembers;
        return;
      case 'nudge':
        return nudge();
      case 'wait':
        return clock.advance(act.ms);
    }
  };
  return {
    async play(act: Act) {
      connect();
      await playOne(act);
      await clock.advance(1);
    },
    async converge() {
      const wanted = digestOf(view.current);
      for (let round = 0; round < 60; round++) {
        connect();
        agent.deliver(10);
        await clock.advance(1_000);
        const row = await agentById(store.db, agentId);
        const there = row?.running_generation === Number(view.generation);
        if (there && Buffer.compare(agent.held.digest.bytes(), wanted) === 0) return;
      }
      expect(Buffer.from(agent.held.digest.bytes()).toString('hex')).toBe(Buffer.from(wanted).toString('hex'));
      expect((await agentById(store.db, agentId))?.running_generation).toBe(Number(view.generation));
    },
    async close() {
      await fleet.stop();
      await store.close();
    },
  };
}
