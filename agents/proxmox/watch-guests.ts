import type { GuestStatus } from '@berth/proto/agent/v1/command_pb.js';
import type { Guest } from '@berth/proto/agent/v1/resource_pb.js';
import { GuestReportSchema } from '@berth/proto/agent/v1/session_pb.js';
import { create } from '@bufbuild/protobuf';
import type { Report } from '../shared/role.ts';
import { NodeWatch, type NodeWatching } from './node-watch.ts';
import type { RightsWatch } from './rights-watch.ts';

/**
 * Watches guests by polling their nodes, since PVE tells nobody when a guest's init dies. Each node has a rhythm of its
 * own, so that one that hangs holds up no other; a node that cannot be asked is named in the report and its guests are
 * left out of it, because nothing is known about them. A full report waits until every node has been asked once.
 */
export class GuestWatcher {
  readonly #watching: NodeWatching;
  readonly #rights: Pick<RightsWatch, 'missing' | 'unreachable'>;
  readonly #report: (report: Report) => void;
  #watches = new Map<string, NodeWatch>();
  #fullWanted = true;

  /** @param rights what the nodes' tokens may not do, which stands in every report */
  constructor(
    watching: NodeWatching,
    rights: Pick<RightsWatch, 'missing' | 'unreachable'>,
    report: (report: Report) => void,
  ) {
    this.#watching = watching;
    this.#rights = rights;
    this.#report = report;
  }

  /** Watches these guests from now on. */
  async replace(guests: readonly Guest[]): Promise<void> {
    const byNode = Map.groupBy(guests, (guest) => guest.node);
    const gone = [...this.#watches].filter(([node]) => !byNode.has(node));
    for (const [node] of gone) this.#watches.delete(node);
    this.#fullWanted = true;
    for (const [node, its] of byNode) this.#watchOf(node).replace(its);
    if (byNode.size === 0) this.#send([]);
    await Promise.all(gone.map(([, watch]) => watch.stop()));
  }

  /** Looks at a node now: a command has just changed something there. */
  nudge(node: string): void {
    this.#watches.get(node)?.nudge();
  }

  /** Something about the nodes has changed, and nothing about the guests. */
  reportNodes(): void {
    this.#send([]);
  }

  /** Sends a full report as soon as every node has been asked. */
  reportAll(): void {
    this.#fullWanted = true;
    this.#send([]);
    for (const watch of this.#watches.values()) watch.nudge();
  }

  /** Ends watching. */
  async stop(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.stop()));
  }

  #watchOf(node: string): NodeWatch {
    const known = this.#watches.get(node);
    if (known) return known;
    const watch = new NodeWatch(this.#watching, node, (changes) => this.#send(changes));
    this.#watches.set(node, watch);
    return watch;
  }

  #send(changes: GuestStatus[]): void {
    const watches = [...this.#watches];
    const full = this.#fullWanted && watches.every(([, watch]) => watch.settled);
    if (full) this.#fullWanted = false;
    else if (this.#fullWanted && changes.length === 0) return;
    const guests = full ? watches.flatMap(([, watch]) => watch.guests) : changes;
    const failing = watches.flatMap(([node, { unreachable }]) =>
      unreachable === undefined ? [] : [[node, unreachable]],
    );
    const unreachableNodes = { ...this.#rights.unreachable, ...Object.fromEntries(failing) };
    const value = create(GuestReportSchema, { guests, full, unreachableNodes, missingRights: this.#rights.missing });
    this.#report({ case: 'guestReport', value });
  }
}
