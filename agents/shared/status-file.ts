/**
 * What a running agent says of itself to whoever is on its host: `status.json` in its state directory, which the doctor
 * and the end of an enrolment read. It is a report and never the truth for the agent itself, so it is replaced without
 * being brought to the disk, and a write that fails costs nothing else.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Logger } from './logger.ts';

const FILE = 'status.json';

const newsSchema = z.object({
  /** The session with the control plane. */
  session: z
    .object({
      open: z.boolean(),
      /** Milliseconds since the Unix epoch. */
      sinceMs: z.number(),
      /** Why there is none. */
      reason: z.string().default(''),
    })
    .optional(),
  /** How the newest generation came out. */
  applied: z
    .object({
      generation: z.string(),
      running: z.boolean(),
      /** Why it was refused. */
      message: z.string(),
      /** What is set aside, with the reason. */
      quarantined: z.array(z.object({ kind: z.string(), name: z.string(), reason: z.string() })),
    })
    .optional(),
  /** What is wrong with the host, in words. */
  findings: z.array(z.string()).optional(),
  /** What is wrong with PVE nodes, by node: that they cannot be asked, or what their tokens may not do. */
  nodes: z.record(z.string(), z.string()).optional(),
});

const statusSchema = newsSchema.extend({ pid: z.int(), version: z.string() });

/** What has changed. */
export type AgentNews = z.input<typeof newsSchema>;
/** All of it. */
export type RunningStatus = z.output<typeof statusSchema>;

/** Keeps the file up to date. */
export class StatusFile {
  readonly #path: string;
  readonly #log: Logger;
  #status: AgentNews & { pid: number; version: string };
  #written = '';
  #writing: Promise<void> = Promise.resolve();

  constructor(stateDir: string, version: string, log: Logger) {
    this.#path = join(stateDir, FILE);
    this.#log = log;
    this.#status = { pid: process.pid, version };
  }

  /** Notes what has changed; of several changes at once the last is written. */
  note(news: AgentNews): void {
    this.#status = { ...this.#status, ...news };
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when everything noted is written. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    const text = JSON.stringify(this.#status);
    if (text === this.#written) return;
    this.#written = text;
    try {
      await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log.warn({ err: error }, 'the status file cannot be written');
    }
  }
}

/** What the agent said last; undefined when it never did. Whether it runs is another matter. */
export async function readRunningStatus(stateDir: string): Promise<RunningStatus | undefined> {
  const text = await readFile(join(stateDir, FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const result = statusSchema.safeParse(parsed(text));
  return result.success ? result.data : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
