import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import type { PveNode } from '@berth/proto/agent/v1/resource_pb.js';
import { PveClient } from './client.ts';
import { PveFailure } from './failure.ts';

interface NodeClient {
  identity: string;
  client: PveClient;
}

/** The nodes this agent was told of, each with its client. */
export class NodeSet {
  readonly #timeoutMs: number;
  #clients = new Map<string, NodeClient>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Names of the nodes. */
  get names(): string[] {
    return [...this.#clients.keys()];
  }

  /** Takes the nodes there are from now on; a node that did not change keeps its connections. */
  async replace(nodes: readonly PveNode[]): Promise<void> {
    const before = this.#clients;
    this.#clients = new Map(nodes.map((node) => [node.node, this.#clientOf(node, before)]));
    const kept = new Set([...this.#clients.values()].map(({ client }) => client));
    await Promise.all(
      [...before.values()].filter(({ client }) => !kept.has(client)).map(({ client }) => client.close()),
    );
  }

  /** The client of a node. @throws PveFailure UNAVAILABLE when this agent was told of no such node. */
  client(node: string): PveClient {
    const found = this.#clients.get(node);
    if (found) return found.client;
    throw new PveFailure(CommandFailureCode.UNAVAILABLE, `this agent knows no PVE node ${JSON.stringify(node)}`);
  }

  /** The node's own client, or that of another node of its cluster, which passes the request on. */
  clientFor(node: string, via: string): PveClient {
    return this.#clients.get(node)?.client ?? this.client(via);
  }

  /** Closes every connection. */
  close(): Promise<void> {
    return this.replace([]);
  }

  #clientOf(node: PveNode, before: ReadonlyMap<string, NodeClient>): NodeClient {
    const { apiUrl, tokenId, tokenSecret, caPem, fingerprint } = node;
    const access = { apiUrl, tokenId, tokenSecret, caPem, fingerprint };
    const identity = JSON.stringify(access);
    const kept = before.get(node.node);
    return kept?.identity === identity ? kept : { identity, client: new PveClient(access, this.#timeoutMs) };
  }
}
