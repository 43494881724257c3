/** What the fleet's tests stand on: a store in memory with one site, a view to be moved at will, and a wire. */
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import {
  type ConfigDelta,
  ConfigPhase,
  type ConfigStatusSchema,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
} from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { applyDelta, emptyHeldSet, type HeldSet } from '@berth/proto/contract/delta.ts';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { digestOf } from '@berth/proto/contract/set-digest.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { newId } from '../ids.ts';
import { type AgentRole, insertAgent } from '../store/agents.ts';
import { insertContainer } from '../store/containers.ts';
import { openStore } from '../store/open.ts';
import { sampleContainer, sampleSite, seedSite } from '../store/sample-rows.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import type { AgentView, FleetSiteView } from './desired-view.ts';
import type { EndCode, SessionEnd, SessionLink } from './session-link.ts';

/** A log that says nothing. */
export const silentLog = pino({ level: 'silent' });

/** A fresh store in memory. */
export function memoryStore(clock: Clock, url = 'sqlite::memory:'): Promise<Store> {
  return openStore({ url, masterKey: Buffer.alloc(32, 7), clock });
}

/** A site with a node and a user. @returns its identifier */
export async function addSite(store: Store): Promise<string> {
  const site = sampleSite();
  await seedSite(store, site);
  return site.id;
}

/** An enrolled agent's row. @returns its identifier */
export function addAgent(store: Store, siteId: string, roles: AgentRole[] = ['nginx', 'dnsmasq', 'proxmox']) {
  const agent = { siteId, name: 'host', roles, machineId: 'a'.repeat(32) };
  return store.transaction((tx) => insertAgent(tx, agent, { serial: '01', expiresAt: tx.now + 86_400_000 }));
}

/** A container's row: MAC bc:24:11:00:00:01, 10.64.0.10, VMID 100 on pve-1. @returns its identifier */
export function addContainer(store: Store, siteId: string, n = 1): Promise<string> {
  return store.transaction(async (tx) => {
    const id = newId('ctr', tx.now);
    const place = { address: `10.64.0.${9 + n}`, vmid: 99 + n };
    await insertContainer(tx, sampleContainer(n, { id, site_id: siteId, ...place }));
    await bumpSite(tx, siteId, id);
    return id;
  });
}

/** A name record, as good as any resource. */
export function record(name: string, address: string): Resource {
  return makeResource(name, { case: 'nameRecord', value: { fqdn: `${name}.lab.internal`, address } });
}

/** Desired state that a test moves by hand; it remembers every set, so that it can always answer with a delta. */
export class ScriptedView implements FleetSiteView {
  #generation = 1n;
  #sets: Map<string, Resource>[] = [new Map()];
  /** Reads of `forAgent`, to show that bursts coalesce. */
  looks = 0;
  /** Whether deltas are known. */
  remembers = true;

  /** Changes of the site that ask nothing new of the agent. */
  idleRevisions = 0n;

  async refresh(): Promise<void> {}

  get revision(): bigint {
    return this.#generation + this.idleRevisions;
  }

  /** The next generation. */
  set(resources: readonly Resource[]): void {
    this.#generation += 1n;
    this.#sets.unshift(new Map(resources.map((resource) => [resource.name, resource])));
  }

  /** What must be held now. */
  get current(): Resource[] {
    return [...(this.#sets[0]?.values() ?? [])];
  }

  get generation(): bigint {
    return this.#generation;
  }

  forAgent(): AgentView {
    this.looks += 1;
    const now = this.#sets[0] ?? new Map<string, Resource>();
    return {
      generation: this.#generation,
      digest: digestOf(now.values()),
      resources: () => now.values(),
      deltaFrom: (_, digest) => (this.remembers ? this.#delta(now, digest) : undefined),
    };
  }

  #delta(now: Map<string, Resource>, digest: Uint8Array) {
    const from = this.#sets.find((set) => Buffer.compare(digestOf(set.values()), digest) === 0);
    if (!from) return undefined;
    return {
      upserts: [...now.values()].filter((resource) => from.get(resource.name) !== resource),
      removals: [...from.keys()].filter((name) => !now.has(name)).map((name) => ({ kind: 'nameRecord', name })),
    };
  }
}

/** What an agent says. */
export type AgentSays = Exclude<MessageInitShape<typeof SessionRequestSchema>['message'], undefined>;

/** A message of an agent. */
export function says(message: AgentSays): SessionRequest {
  return create(SessionRequestSchema, { message });
}

/** An agent's end of a link without a wire: what it was sent, what it holds, and how it answers. */
export class ScriptedAgent implements SessionLink {
  held: HeldSet = emptyHeldSet();
  readonly heard: SessionResponse['message'][] = [];
  ended: { code: EndCode; message: string } | undefined;
  /** Called with each delta; answers by hand when it returns false. */
  onDelta: (toGeneration: bigint) => boolean = () => true;
  /** How an apply ends, by default well. */
  outcome: MessageInitShape<typeof ConfigStatusSchema> = { phase: ConfigPhase.RUNNING };
  end: SessionEnd | undefined;

  send({ message }: SessionResponse): void {
    this.heard.push(message);
    if (message.case === 'config' && this.onDelta(message.value.toGeneration)) this.#answer(message.value);
  }

  /** Answers the newest delta, late. */
  answerLast(): void {
    const last = this.all('config').at(-1);
    if (last) this.#answer(last);
  }

  close(code: EndCode, message: string): void {
    this.ended = { code, message };
  }

  /** Says something. */
  say(message: AgentSays): void {
    this.end?.receive(says(message));
  }

  /** Says hello with what it holds. */
  hello(extra: { version?: string; instance?: string } = {}): void {
    const { epoch, generation, digest } = this.held;
    const held = { epoch, generation, digest: digest.bytes(), runningGeneration: generation };
    this.say({ case: 'hello', value: { instance: 'one', version: '0.1.0', held, ...extra } });
  }

  #answer(delta: ConfigDelta): void {
    const outcome = applyDelta(this.held, delta);
    const about = { epoch: delta.epoch, generation: delta.toGeneration, digest: delta.toDigest };
    if (!outcome.ok) {
      const phase = outcome.refusal === 'needs-snapshot' ? ConfigPhase.NEED_SNAPSHOT : ConfigPhase.REJECTED;
      this.say({ case: 'configStatus', value: { ...about, phase, message: outcome.refusal } });
      return;
    }
    this.held = outcome.held;
    this.say({ case: 'configStatus', value: { ...about, phase: ConfigPhase.ACCEPTED } });
    this.say({ case: 'configStatus', value: { ...about, ...this.outcome } });
  }

  /** Messages of one kind that it was sent. */
  all<K extends HeardKind>(kind: K): HeardValue<K>[] {
    return this.heard.flatMap((message) => (message.case === kind ? [message.value as HeardValue<K>] : []));
  }
}

type HeardKind = NonNullable<SessionResponse['message']['case']>;
type HeardValue<K extends HeardKind> = Extract<SessionResponse['message'], { case: K }>['value'];
