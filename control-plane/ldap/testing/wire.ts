import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Connection, type ConnectionDeps } from '../connection.ts';
import { type Answer, readAnswers } from './responses.ts';

/** A connection without a network: bytes go straight in, answers are collected. */
export class Wire {
  readonly connection: Connection;
  readonly #end: Duplex;
  #received: Buffer[] = [];
  #reading = true;
  #unread: () => void = () => {};
  /** Whether the server has hung up. */
  ended = false;

  constructor(deps: Omit<ConnectionDeps, 'secure'>, options: { secure?: boolean; address?: string } = {}) {
    const { secure = true, address = '192.0.2.1' } = options;
    const end = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        this.#received.push(chunk);
        if (this.#reading) done();
        else this.#unread = done;
      },
      final: (done) => {
        this.ended = true;
        done();
      },
    });
    this.#end = end;
    const whole = {
      ...deps,
      secure: () => {
        throw new Error('no TLS here');
      },
    };
    this.connection = new Connection(end as unknown as Socket, {
      deps: whole,
      address,
      secure,
      onEnd: () => {
        this.ended = true;
      },
    });
  }

  /** Sends bytes. */
  send(...bytes: Uint8Array[]): void {
    for (const each of bytes) this.#end.push(each);
  }

  /** Takes nothing more from the server, as a client that is busy with something else. */
  stopReading(): void {
    this.#reading = false;
  }

  startReading(): void {
    this.#reading = true;
    this.#unread();
  }

  /** Bytes that the server keeps for this client. */
  get held(): number {
    return this.#end.writableLength;
  }

  /** Everything that came since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#received);
    this.#received = [];
    return bytes;
  }

  /** Sends bytes and waits for answers that satisfy a condition: by default, one that ends an operation. */
  async ask(bytes: Uint8Array, until: (answers: Answer[]) => boolean = endsOperation): Promise<Answer[]> {
    this.send(bytes);
    let all = Buffer.alloc(0);
    for (;;) {
      await turn();
      all = Buffer.concat([all, this.take()]);
      const answers = readAnswers(all);
      if (until(answers) || this.ended) return answers;
    }
  }

  close(): void {
    this.#end.destroy();
  }
}

function endsOperation(answers: Answer[]): boolean {
  return answers.some(({ code }) => code !== undefined);
}

/** Lets everything that is ready happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
