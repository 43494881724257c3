import { join } from 'node:path';
import { LeaseReportSchema, LeaseSchema } from '@berth/proto/agent/v1/session_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type FSWatcher, watch } from 'chokidar';
import { readIfThere, replaceFile } from '../shared/durable-files.ts';
import type { RoleContext } from '../shared/role.ts';
import { type LeaseEntry, readLeases } from './lease-file.ts';

/** Milliseconds between two looks when the watcher stays silent; it may miss changes, a look does not. */
const POLL_MS = 2_000;

/**
 * Watches the lease file and reports what changed in it. A report's number is on disk before the report is sent, so
 * that no number is used twice; a delta that is lost on the way is made good by the full report of the next session.
 */
export class LeaseWatcher {
  readonly #path: string;
  readonly #context: RoleContext;
  #watcher: FSWatcher | undefined;
  #known = new Map<string, LeaseEntry>();
  #seq: bigint | undefined;
  #looking: Promise<void> = Promise.resolve();
  #cancelPoll: () => void = () => {};

  constructor(path: string, context: RoleContext) {
    this.#path = path;
    this.#context = context;
  }

  /** Leases as of the last look. */
  get size(): number {
    return this.#known.size;
  }

  /** Begins watching and reports every lease there is. */
  async start(): Promise<void> {
    this.#watcher = watch(this.#path, { ignoreInitial: true });
    this.#watcher.on('all', () => this.look(false));
    this.#watcher.on('error', (error) => this.#context.log.warn({ err: error }, 'watching the lease file'));
    await this.look(true);
    this.#poll();
  }

  /** Reads the file and reports: everything when `full`, else what changed since the last look, if anything. */
  look(full: boolean): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#report(full))
      .catch((error) => this.#context.log.error({ err: error }, 'cannot read the leases'));
    return this.#looking;
  }

  /** Ends watching. */
  async stop(): Promise<void> {
    this.#cancelPoll();
    await this.#watcher?.close();
    await this.#looking;
  }

  #poll(): void {
    this.#cancelPoll = this.#context.clock.after(POLL_MS, () => {
      this.look(false).then(() => this.#poll());
    });
  }

  async #report(full: boolean): Promise<void> {
    const now = new Map((await readLeases(this.#path, this.#context.clock)).map((lease) => [lease.mac, lease]));
    const before = full ? new Map<string, LeaseEntry>() : this.#known;
    const upserts = [...now.values()].filter((lease) => !sameLease(lease, before.get(lease.mac)));
    const removals = [...before.keys()].filter((mac) => !now.has(mac));
    if (!full && upserts.length === 0 && removals.length === 0) return;
    const seq = await this.#nextSeq();
    this.#known = now;
    const value = create(LeaseReportSchema, { seq, full, upserts: upserts.map(toMessage), removals });
    this.#context.report({ case: 'leaseReport', value });
  }

  async #nextSeq(): Promise<bigint> {
    const file = join(this.#context.stateDir, 'lease-seq');
    this.#seq ??= BigInt((await readIfThere(file))?.toString('utf8').trim() || '0');
    this.#seq += 1n;
    await replaceFile(file, `${this.#seq}\n`);
    return this.#seq;
  }
}

function sameLease(one: LeaseEntry, other: LeaseEntry | undefined): boolean {
  if (!other) return false;
  return one.address === other.address && one.hostname === other.hostname && one.expiresAt === other.expiresAt;
}

function toMessage({ expiresAt, ...lease }: LeaseEntry) {
  const ends = expiresAt === 0 ? {} : { expiresAt: timestampFromMs(expiresAt * 1000) };
  return create(LeaseSchema, { ...lease, ...ends });
}
