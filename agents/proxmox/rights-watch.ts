import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import type { PveNode } from '@berth/proto/agent/v1/resource_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { permissionsAnswer } from './answers.ts';
import { isFailure } from './failure.ts';
import type { NodeSet } from './nodes.ts';
import { missingOf, missingWords, needsOf } from './rights.ts';

/** Milliseconds between two looks at a node: soon while something is missing, since somebody may be giving it. */
const WHILE_MISSING_MS = 15_000;
const WHILE_FINE_MS = 600_000;

/** Looks what the nodes' tokens may do: when the nodes are told or change, and again and again. */
export class RightsWatch {
  readonly #nodes: NodeSet;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #watched: readonly PveNode[] = [];
  #missing: Record<string, string> = {};
  #unreachable: Record<string, string> = {};
  #cancel: () => void = () => {};
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param changed told when `missing` or `unreachable` differ from before */
  constructor(nodes: NodeSet, clock: Clock, changed: () => void) {
    this.#nodes = nodes;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** What is missing, by node. */
  get missing(): Readonly<Record<string, string>> {
    return this.#missing;
  }

  /** Why nodes could not be asked, by node. */
  get unreachable(): Readonly<Record<string, string>> {
    return this.#unreachable;
  }

  /** Watches these nodes from now on; the first look does not hold anybody up. */
  replace(nodes: readonly PveNode[]): void {
    this.#watched = nodes;
    this.#look();
  }

  /** Ends watching. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#looking;
  }

  #look(): void {
    this.#cancel();
    this.#looking = this.#looking.then(() => this.#readAll());
  }

  async #readAll(): Promise<void> {
    if (this.#stopped) return;
    const before = JSON.stringify([this.#missing, this.#unreachable]);
    this.#missing = {};
    this.#unreachable = {};
    await Promise.all(this.#watched.map((node) => this.#read(node)));
    if (this.#stopped) return;
    if (JSON.stringify([this.#missing, this.#unreachable]) !== before) this.#changed();
    const fine = Object.keys({ ...this.#missing, ...this.#unreachable }).length === 0;
    this.#cancel();
    this.#cancel = this.#clock.after(fine ? WHILE_FINE_MS : WHILE_MISSING_MS, () => this.#look());
  }

  async #read(node: PveNode): Promise<void> {
    const needs = needsOf(node);
    try {
      const client = this.#nodes.client(node.node);
      const answers = await Promise.all(
        needs.map(({ path }) => client.get('/access/permissions', permissionsAnswer, { path })),
      );
      const missing = missingOf(needs, Object.assign({}, ...answers));
      if (missing.length > 0) this.#missing[node.node] = missingWords(node.tokenId, missing);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      // Everybody may ask what he may do: whoever is refused that is refused as a whole.
      if (isFailure(error, CommandFailureCode.PERMISSION)) this.#missing[node.node] = refusedWords(node.tokenId, words);
      else this.#unreachable[node.node] = words;
    }
  }
}

function refusedWords(tokenId: string, words: string): string {
  const [user = '', name = ''] = tokenId.split('!');
  return [
    `PVE does not take the token ${tokenId} with the secret that was given (${words}). As root on a node of the cluster:`,
    `pveum user token list ${user}`,
    `pveum user token add ${user} ${name}`,
  ].join('\n');
}
