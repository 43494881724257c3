/**
 * Asks an LDAP server as fast as it answers: connections with one question under way each, questions encoded
 * beforehand, answers counted by their last bytes. A program of its own, so that it can be put on a core of its own:
 * takes its options as JSON on standard input and prints one line of JSON.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { element, integer, string } from '@berth/control-plane/ldap/ber/writer.ts';

/** What is asked. */
export interface LoadOptions {
  port: number;
  tls: boolean;
  connections: number;
  /** Who asks. */
  bindDn: string;
  password: string;
  /** Filters in the form of `filterBytes`, hexadecimal; each connection goes through them in turn. Empty: binds. */
  filters: string[];
  attributes: string[];
  base: string;
  seconds: number;
  /** For binds: as whom, in turn. */
  bindDns?: string[];
}

/** What came of it. */
export interface LoadResult {
  perSecond: number;
  /** Answers in all, those of the warming up included. */
  answers: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that were no success. */
  failures: number;
}

const SUCCESS = Buffer.from([0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00]);
const ID = 2;

function messageOf(operation: Buffer): Buffer {
  return element(0x30, integer(ID), operation);
}

function bindMessage(dn: string, password: string): Buffer {
  return messageOf(element(0x60, integer(3), string(dn), string(password, 0x80)));
}

function searchMessage(base: string, filter: Buffer, attributes: readonly string[]): Buffer {
  const list = element(0x30, ...attributes.map((name) => string(name)));
  const numbers = [integer(2, 0x0a), integer(0, 0x0a), integer(0), integer(0), Buffer.from([1, 1, 0])];
  return messageOf(element(0x63, string(base), ...numbers, filter, list));
}

/** One connection: sends a message, and is told when its answer is whole. */
class Asker {
  readonly #socket: Socket;
  #last = Buffer.alloc(0);
  #answered: (success: boolean) => void = () => {};

  constructor({ port, tls }: LoadOptions) {
    const buffer = Buffer.alloc(256 * 1024);
    const onread = {
      buffer,
      callback: (size: number) => {
        this.#read(buffer, size);
        return true;
      },
    };
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectPlain({ port, host: '127.0.0.1', noDelay: true, onread });
    if (tls) socket.on('data', (chunk) => this.#read(chunk as Buffer, (chunk as Buffer).length));
    socket.setNoDelay(true);
    socket.on('error', (error) => {
      throw error;
    });
    this.#socket = socket;
  }

  ask(message: Buffer, answered: (success: boolean) => void): void {
    this.#answered = answered;
    this.#socket.write(message);
  }

  bind(dn: string, password: string): Promise<boolean> {
    return new Promise((resolve) => this.ask(bindMessage(dn, password), resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer, size: number): void {
    if (size < SUCCESS.length) {
      this.#last = Buffer.concat([this.#last, bytes.subarray(0, size)]).subarray(-SUCCESS.length);
      this.#end(this.#last);
      return;
    }
    this.#end(bytes.subarray(size - SUCCESS.length, size));
    this.#last = Buffer.alloc(0);
  }

  // An answer that fails is short and whole; a search that goes on ends in the bytes of an entry.
  #end(tail: Buffer): void {
    if (tail.equals(SUCCESS)) this.#answered(true);
    else if (tail.length === SUCCESS.length && this.#failed(tail)) this.#answered(false);
  }

  #failed(tail: Buffer): boolean {
    return tail[0] === 0x0a && tail[1] === 0x01 && tail[2] === 49;
  }
}

async function run(options: LoadOptions): Promise<LoadResult> {
  const askers = Array.from({ length: options.connections }, () => new Asker(options));
  const isBind = options.filters.length === 0;
  if (!isBind) {
    const bound = await Promise.all(askers.map((asker) => asker.bind(options.bindDn, options.password)));
    if (!bound.every(Boolean)) throw new Error('a bind was refused');
  }
  const messages = isBind
    ? (options.bindDns ?? []).map((dn) => bindMessage(dn, options.password))
    : options.filters.map((filter) => searchMessage(options.base, Buffer.from(filter, 'hex'), options.attributes));
  const warm = await each(askers, messages, Math.min(500, options.seconds * 250));
  const result = await each(askers, messages, options.seconds * 1_000);
  for (const asker of askers) asker.close();
  return { ...result, answers: warm.answers + result.answers };
}

function each(askers: readonly Asker[], messages: readonly Buffer[], ms: number): Promise<LoadResult> {
  const started = performance.now();
  const until = started + ms;
  const times: number[] = [];
  let failures = 0;
  let next = 0;
  const loop = (asker: Asker) =>
    new Promise<void>((resolve) => {
      const go = () => {
        const begun = performance.now();
        if (begun >= until) return resolve();
        const message = messages[next++ % messages.length] as Buffer;
        asker.ask(message, (success) => {
          times.push(performance.now() - begun);
          if (!success) failures += 1;
          go();
        });
      };
      go();
    });
  return Promise.all(askers.map(loop)).then(() => {
    const seconds = (performance.now() - started) / 1_000;
    times.sort((a, b) => a - b);
    const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))] ?? Number.NaN;
    return {
      perSecond: times.length / seconds,
      answers: times.length,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      failures,
    };
  });
}

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(await text(process.stdin))))}\n`);
  process.exit(0);
}
