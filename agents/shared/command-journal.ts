/**
 * What became of each command, on disk before anybody is told: a command is delivered at least once, and this is what
 * makes a repeated one harmless. A finished id is answered with its stored result; one that a crash cut off is executed
 * again when it is sent again, with the notes its role wrote. It is not resumed without being sent again: the
 * control plane may have given it up while the agent was away.
 */

import { join } from 'node:path';
import { type CommandResult, CommandResultSchema } from '@berth/proto/agent/v1/command_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FrameLog } from './frame-log.ts';

/** Milliseconds an acknowledged command is remembered: longer than anybody repeats one. */
const KEEP_MS = 7 * 24 * 3_600_000;
/** Acknowledged commands that are remembered at most. */
const KEEP_COUNT = 10_000;
/** Frames beyond the live entries after which the log is folded. */
const FOLD_SLACK = 4_096;

/** A command as the journal knows it. */
export interface JournalEntry {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
  /** What its role wrote before it did anything that is not idempotent. */
  readonly notes: Record<string, string>;
  /** Lines of progress sent so far. */
  readonly progress: number;
  readonly result?: CommandResult;
  readonly acknowledged: boolean;
}

type Fields = Partial<Pick<JournalEntry, 'notes' | 'progress' | 'acknowledged'>> & { at?: number; result?: string };

/** Durable journal of command ids; one owner at a time. */
export class CommandJournal {
  readonly #clock: Clock;
  readonly #log: FrameLog;
  readonly #entries: Map<string, JournalEntry>;

  private constructor(clock: Clock, log: FrameLog, entries: Map<string, JournalEntry>) {
    this.#clock = clock;
    this.#log = log;
    this.#entries = entries;
  }

  /** Opens the journal in a directory; what a crash cut off is dropped. */
  static async open(directory: string, clock: Clock): Promise<CommandJournal> {
    const entries = new Map<string, JournalEntry>();
    const log = await FrameLog.open(join(directory, 'commands'), (payload) => replay(entries, payload));
    const journal = new CommandJournal(clock, log, entries);
    journal.#forgetOld();
    await journal.#fold();
    return journal;
  }

  /** What is known of a command. */
  get(id: string): JournalEntry | undefined {
    return this.#entries.get(id);
  }

  /** Ends of commands that nobody has acknowledged yet. */
  unacknowledged(): CommandResult[] {
    const open = [...this.#entries.values()].filter((entry) => !entry.acknowledged);
    return open.flatMap((entry) => (entry.result ? [entry.result] : []));
  }

  /** Notes that a command has come. */
  async receive(id: string): Promise<JournalEntry> {
    const known = this.#entries.get(id);
    if (known) return known;
    return this.#write(id, { at: this.#clock.now() }, true);
  }

  /** Replaces a command's notes; they are on the disk when this resolves. */
  async note(id: string, notes: Record<string, string>): Promise<void> {
    await this.#write(id, { notes }, true);
  }

  /** Counts a line of progress: its position, from 1, and when that is written. */
  countProgress(id: string): { seq: number; written: Promise<unknown> } {
    const seq = (this.#entries.get(id)?.progress ?? 0) + 1;
    return { seq, written: this.#write(id, { progress: seq }, false) };
  }

  /** Stores how a command ended; it is on the disk when this resolves. */
  async finish(result: CommandResult): Promise<void> {
    const bytes = Buffer.from(toBinary(CommandResultSchema, result)).toString('base64');
    await this.#write(result.commandId, { at: this.#clock.now(), result: bytes }, true);
  }

  /** The control plane has these results; they are still repeated when their command is. */
  async acknowledge(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#entries.get(id)?.acknowledged === false)
        await this.#write(id, { acknowledged: true, notes: {} }, false);
    }
    this.#forgetOld();
    if (this.#log.frames > this.#entries.size + FOLD_SLACK) await this.#fold();
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.#log.close();
  }

  async #write(id: string, fields: Fields, sync: boolean): Promise<JournalEntry> {
    const entry = merged(id, this.#entries.get(id), fields);
    // In memory first: appends are in order, and a caller that fails here fails the command.
    this.#entries.set(id, entry);
    await this.#log.append(encode(id, fields), sync);
    return entry;
  }

  #forgetOld(): void {
    const acknowledged = [...this.#entries.values()].filter((entry) => entry.acknowledged);
    const oldest = this.#clock.now() - KEEP_MS;
    const surplus = acknowledged.length - KEEP_COUNT;
    acknowledged.forEach((entry, index) => {
      if (index < surplus || entry.receivedAtMs < oldest) this.#entries.delete(entry.id);
    });
  }

  #fold(): Promise<void> {
    return this.#log.rewrite([...this.#entries.values()].map(encodeEntry));
  }
}

function replay(entries: Map<string, JournalEntry>, payload: Buffer): boolean {
  const { id, ...fields } = JSON.parse(payload.toString('utf8')) as Fields & { id: string };
  entries.set(id, merged(id, entries.get(id), fields));
  return true;
}

function merged(id: string, old: JournalEntry | undefined, fields: Fields): JournalEntry {
  const result = fields.result ? fromBinary(CommandResultSchema, Buffer.from(fields.result, 'base64')) : old?.result;
  return {
    id,
    receivedAtMs: old?.receivedAtMs ?? fields.at ?? 0,
    notes: fields.notes ?? old?.notes ?? {},
    progress: fields.progress ?? old?.progress ?? 0,
    acknowledged: fields.acknowledged ?? old?.acknowledged ?? false,
    ...(result && { result }),
  };
}

function encode(id: string, fields: Fields): Buffer {
  return Buffer.from(JSON.stringify({ id, ...fields }));
}

function encodeEntry(entry: JournalEntry): Buffer {
  const { id, receivedAtMs: at, notes, progress, acknowledged, result } = entry;
  const bytes = result && Buffer.from(toBinary(CommandResultSchema, result)).toString('base64');
  return encode(id, { at, notes, progress, acknowledged, ...(bytes && { result: bytes }) });
}
