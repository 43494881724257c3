import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PushState } from '@berth/control-plane/fleet/push-state.ts';
import { type SessionRequest, SessionResponseSchema } from '@berth/proto/agent/v1/session_pb.js';
import type { HeldSet } from '@berth/proto/contract/delta.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Agent } from './agent.ts';
import { CommandJournal } from './command-journal.ts';
import { Ledger } from './ledger.ts';
import type { ApplyReport } from './role.ts';
import type { Session } from './session.ts';
import { FakeRole, RUNNING } from './testing/fake-role.ts';
import { quiet } from './testing/logger.ts';
import { deltaTo, heldSet, nameRecord } from './testing/resources.ts';

/** The control plane's pushing side, with the history it can make deltas from. */
class Pusher {
  readonly #history: HeldSet[] = [heldSet(0n, 1n, [nameRecord('first')])];
  #epoch = 0n;
  #state: PushState | undefined;
  #session: Session | undefined;

  get target(): HeldSet {
    return this.#history.at(-1) as HeldSet;
  }

  change(names: string[]): void {
    const resources = [...new Set(names)].map((name) => nameRecord(name));
    this.#history.push(heldSet(0n, this.target.generation + 1n, resources));
    this.push();
  }

  /** Opens a session; what the agent says in one that has ended is lost. */
  connect(agent: Agent): void {
    this.drop();
    const epoch = ++this.#epoch;
    const hear = ({ message }: SessionRequest) => {
      if (epoch !== this.#epoch) return;
      if (message.case === 'hello' && message.value.held) this.#state = new PushState(epoch, message.value.held);
      if (message.case !== 'configStatus') return;
      this.#state?.answered(message.value);
      this.push();
    };
    const unexpected = (reason: string) => expect.fail(`the agent closed its session: ${reason}`);
    this.#session = agent.connect({ send: hear, close: unexpected, drain: () => {}, welcomed: () => {} });
    this.#say({ case: 'welcome', value: { epoch } });
    this.push();
  }

  drop(): void {
    this.#session?.end();
    this.#session = undefined;
    this.#state = undefined;
  }

  push(): void {
    const { target } = this;
    const delta = this.#state?.next({
      generation: target.generation,
      digest: target.digest.bytes(),
      resources: () => [...target.resources.values()],
      deltaFrom: (generation) => {
        const from = this.#history.find((set) => set.generation === generation);
        if (!from) return undefined;
        const { upserts, removals } = deltaTo(target, from);
        return { upserts, removals };
      },
    });
    if (delta) this.#say({ case: 'config', value: delta });
  }

  #say(message: MessageInitShape<typeof SessionResponseSchema>['message']): void {
    this.#session?.receive(create(SessionResponseSchema, { message }));
  }
}

/** An agent's host: its program can be killed and started again, its disk stays. */
class Host {
  readonly #dir: string;
  readonly clock = new VirtualClock();
  role = new FakeRole();
  agent: Agent | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async restart(): Promise<Agent> {
    await this.agent?.stop();
    this.role = new FakeRole();
    this.agent = new Agent({
      roles: [this.role],
      ledger: await Ledger.open(this.#dir),
      journal: await CommandJournal.open(this.#dir, this.clock),
      clock: this.clock,
      random: () => 0.5,
      log: quiet,
      instance: '',
      bootId: '',
      version: '',
      stateDirOf: async () => this.#dir,
      trust: async () => {},
    });
    await this.agent.start();
    return this.agent;
  }
}

type Step = { change: string[] } | 'drop' | 'reconnect' | 'restart' | 'refuse' | 'allow' | 'settle';

const REFUSED: ApplyReport = { status: 'rejected', message: 'no', errors: [], timingsMs: {} };
const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ change: names }) },
  { weight: 4, arbitrary: fc.constantFrom('drop', 'reconnect', 'restart', 'refuse', 'allow', 'settle') },
);

async function take(step: Step, pusher: Pusher, host: Host): Promise<void> {
  if (typeof step === 'object') pusher.change(step.change);
  else if (step === 'drop') pusher.drop();
  else if (step === 'reconnect' && host.agent) pusher.connect(host.agent);
  else if (step === 'restart') await host.restart();
  else if (step === 'settle') await host.agent?.idle();
  else host.role.onApply = () => (step === 'refuse' ? REFUSED : RUNNING);
}

async function converge(steps: Step[]): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-converge-'));
  const host = new Host(dir);
  const pusher = new Pusher();
  try {
    pusher.connect(await host.restart());
    for (const each of steps) await take(each, pusher, host);
    host.role.onApply = () => RUNNING;
    if (host.agent) pusher.connect(host.agent);
    const wanted = [...pusher.target.resources.keys()].sort();
    // The generation, too, is waited for: of two with the same content the second only renumbers what runs already.
    const { generation } = pusher.target;
    const reached = async () => ({ applied: await appliedBy(host), held: host.agent?.hello().held?.generation });
    await expect.poll(reached, { timeout: 5_000, interval: 2 }).toEqual({ applied: wanted, held: generation });
  } finally {
    await host.agent?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the host runs; a refused set is tried again as time passes. */
async function appliedBy(host: Host): Promise<string[]> {
  await host.clock.advance(5_000);
  await host.agent?.idle();
  return [...(host.role.applied.at(-1)?.resources.keys() ?? [])].sort();
}

it('whatever breaks and whenever, the host ends up with what is desired', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), converge), { numRuns: 100 });
}, 60_000);
