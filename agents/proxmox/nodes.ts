import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import type { PveNode } from '@berth/proto/agent/v1/resource_pb.js';
import { type PveApi, PveClient } from './client.ts';
import { PveFailure } from './failure.ts';
import { PveCounts } from './pve-counts.ts';

/** The nodes this agent was told of, each with its client. */
export class NodeSet {
  readonly #timeoutMs: number;
  /** What is counted of all of them. */
  readonly counts = new PveCounts();
  #clients = new Map<string, PveClient>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Takes the nodes there are from now on; work under way on a node that stays goes on with what is new of it. */
  replace(nodes: readonly PveNode[]): void {
    const before = this.#clients;
    this.#clients = new Map(nodes.map((node) => [node.node, this.#clientOf(node, before.get(node.node))]));
    for (const [name, client] of before) if (!this.#clients.has(name)) client.close();
  }

  /** The client of a node. @throws PveFailure UNAVAILABLE when this agent was told of no such node. */
  client(node: string): PveApi {
    const found = this.#clients.get(node);
    if (found) return found;
    throw new PveFailure(CommandFailureCode.UNAVAILABLE, `this agent knows no PVE node ${JSON.stringify(node)}`);
  }

  /** The node's own client, or that of another node of its cluster, which passes the request on. */
  clientFor(node: string, via: string): PveApi {
    return this.#clients.get(node) ?? this.client(via);
  }

  /** Closes every connection. */
  close(): void {
    this.replace([]);
  }

  #clientOf(node: PveNode, known: PveClient | undefined): PveClient {
    const { apiUrl, tokenId, tokenSecret, caPem, fingerprint } = node;
    const access = { apiUrl, tokenId, tokenSecret, caPem, fingerprint };
    known?.use(access);
    return known ?? new PveClient(access, this.#timeoutMs, this.counts);
  }
}
