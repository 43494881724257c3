import { open, stat } from 'node:fs/promises';
import { unlessMissing } from '../shared/durable-files.ts';
import { rotateLog } from './rotate-log.ts';

const MAX_READ = 65_536;
const MAX_SIZE = 16 * 1024 * 1024;

/** Reads what nginx's master adds to its error log, the only place where it says why it keeps an old configuration. */
export class ErrorLog {
  readonly #path: string;
  #mark = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** From now on, `refusals` tells what is written after this. */
  async mark(): Promise<void> {
    this.#mark = (await unlessMissing(stat(this.#path)))?.size ?? 0;
  }

  /** The `[emerg]` lines since `mark`, without time and process id; empty when there are none. */
  async refusals(): Promise<string> {
    const size = (await unlessMissing(stat(this.#path)))?.size ?? 0;
    if (size < this.#mark) this.#mark = 0;
    if (size === this.#mark) return '';
    const text = await this.#read(Math.max(this.#mark, size - MAX_READ), size);
    const lines = text.split('\n').filter((line) => line.includes('[emerg]'));
    return nginxWords(lines.join('\n'));
  }

  /** Moves a log of more than 16 MiB to `<path>.1`; true when nginx must open a new one. */
  rotate(): Promise<boolean> {
    return rotateLog(this.#path, { maxBytes: MAX_SIZE, keep: 1 });
  }

  async #read(from: number, to: number): Promise<string> {
    const file = await open(this.#path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }
}

/** What nginx said, without times, process ids and repetitions. */
export function nginxWords(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/^\d{4}\/\S+ \S+ (\[\w+\]) \d+#\d+: /, 'nginx: $1 '));
  return [...new Set(lines)].join('\n').trim();
}
