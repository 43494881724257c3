import type { GuestStatus } from '@berth/proto/agent/v1/command_pb.js';
import type { Guest } from '@berth/proto/agent/v1/resource_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Logger } from '../shared/logger.ts';
import { PveFailure } from './failure.ts';
import { NodeLook } from './node-look.ts';
import type { NodeSet } from './nodes.ts';

/** A node that answers slowly, or not at all, is asked less often; milliseconds. */
const LONGEST_WAIT_MS = 15_000;
/** The wait is at least this many times what the last look took. */
const REST_FACTOR = 4;

/** What watching a node needs. */
export interface NodeWatching {
  nodes: NodeSet;
  clock: Clock;
  log: Logger;
  /** Milliseconds between two looks at a node that answers quickly. */
  pollMs: number;
}

/** Looks at one node again and again. */
export class NodeWatch {
  readonly #watching: NodeWatching;
  readonly #node: string;
  readonly #changed: (guests: GuestStatus[]) => void;
  readonly #look: NodeLook;
  #guests: readonly Guest[] = [];
  #known = new Map<number, GuestStatus>();
  #failures = 0;
  #cancel: () => void = () => {};
  #looking: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  /** Why the node could not be asked at the last look. */
  unreachable: string | undefined;
  /** Whether every guest watched here has been asked for at least once, or could not be. */
  settled = false;

  /** @param changed told of the guests that differ from before, also when only reachability changed */
  constructor(watching: NodeWatching, node: string, changed: (guests: GuestStatus[]) => void) {
    this.#watching = watching;
    this.#node = node;
    this.#changed = changed;
    this.#look = new NodeLook(watching.nodes, node, watching.clock);
  }

  /** What is known of its guests; nothing while it cannot be asked. */
  get guests(): GuestStatus[] {
    return this.unreachable === undefined ? [...this.#known.values()] : [];
  }

  /** Watches these guests from now on. */
  replace(guests: readonly Guest[]): void {
    this.#guests = guests;
    this.settled = false;
    const vmids = new Set(guests.map(({ vmid }) => vmid));
    for (const vmid of this.#known.keys()) if (!vmids.has(vmid)) this.#known.delete(vmid);
    this.nudge();
  }

  /** Looks now, or once more when a look is under way. */
  nudge(): void {
    this.#cancel();
    if (this.#looking) this.#again = true;
    else if (!this.#stopped) this.#looking = this.#run();
  }

  /** Ends watching. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#looking;
  }

  async #run(): Promise<void> {
    const { clock, pollMs } = this.#watching;
    const begun = clock.now();
    await this.#readOnce();
    this.#looking = undefined;
    if (this.#stopped) return;
    const again = this.#again;
    this.#again = false;
    if (again) return this.nudge();
    const rest = Math.max(pollMs * 2 ** Math.min(this.#failures, 8), (clock.now() - begun) * REST_FACTOR);
    this.#cancel = clock.after(Math.min(rest, LONGEST_WAIT_MS), () => this.nudge());
  }

  async #readOnce(): Promise<void> {
    const guests = this.#guests;
    try {
      const statuses = await this.#look.read(guests);
      if (guests === this.#guests) this.#take(statuses);
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(statuses: GuestStatus[]): void {
    const changes = statuses.filter((status) => !sameState(status, this.#known.get(status.vmid)));
    const news = changes.length > 0 || this.unreachable !== undefined || !this.settled;
    this.#known = new Map(statuses.map((status) => [status.vmid, status]));
    this.#failures = 0;
    this.unreachable = undefined;
    this.settled = true;
    if (news) this.#changed(changes);
  }

  #fail(error: unknown): void {
    if (!(error instanceof PveFailure)) this.#watching.log.error({ err: error, node: this.#node }, 'looking at a node');
    const reason = error instanceof Error ? error.message : String(error);
    const news = this.unreachable !== reason || !this.settled;
    this.#failures += 1;
    this.unreachable = reason;
    this.settled = true;
    if (news) this.#changed([]);
  }
}

/** Whether two looks show the same; counters that always move do not count. */
function sameState(one: GuestStatus, other: GuestStatus | undefined): boolean {
  return (
    other !== undefined &&
    one.exists === other.exists &&
    one.power === other.power &&
    one.lock === other.lock &&
    one.node === other.node &&
    one.addresses.join() === other.addresses.join()
  );
}
