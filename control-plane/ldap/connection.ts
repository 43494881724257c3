/**
 * One client's connection: bytes become messages, messages wait their turn, answers go out in one piece a turn. Nothing
 * a client does makes it keep more than a little memory: unfinished messages are limited, reading stops while too much
 * is asked at once, and answering stops while the client does not read.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { Framing } from './framing.ts';
import type { Freshness, Waiting } from './freshness.ts';
import { Oid } from './protocol/oids.ts';
import { type Message, type RefusedMessage, readMessage } from './protocol/requests.ts';
import { noticeOfDisconnection } from './protocol/responses.ts';
import { ResultCode } from './protocol/result-codes.ts';
import { type Client, Session, type SessionDeps } from './session.ts';

/** What all connections share. */
export interface ConnectionDeps {
  session: SessionDeps;
  freshness: Freshness;
  clock: Clock;
  /** Puts TLS around a socket (StartTLS). */
  secure: (socket: Socket) => TLSSocket;
  onError: (error: unknown) => void;
}

/** Bytes of a message before somebody has bound, and after. */
export const MESSAGE_BYTES = { before: 64 * 1024, after: 1024 * 1024 };
/** Messages that may wait before reading stops, and at which it goes on. */
const WAITING = { most: 256, few: 32 };
/** Milliseconds at a stretch, after which others have their turn. */
const STRETCH_MS = 5;

/** Milliseconds of quiet after which a connection ends. */
export const QUIET_MS = {
  /** Nobody has bound. */
  before: 60_000,
  /** Somebody has; SSSD itself ends its connections after 900 s. */
  after: 1_200_000,
  /** A message has begun and does not end, or answers are not read. */
  stuck: 30_000,
  /** The connection was ended by us. */
  ending: 5_000,
};

/** A connection. */
export class Connection implements Client, Waiting {
  readonly address: string;
  readonly #deps: ConnectionDeps;
  readonly #session: Session;
  readonly #onEnd: () => void;
  readonly #framing = new Framing(MESSAGE_BYTES.before);
  readonly #plain: Socket;
  #socket: Socket;
  #secure: boolean;
  #waiting: (Message | RefusedMessage)[] = [];
  /** How many of those the directory is new enough for. */
  #sealed = 0;
  #busy = false;
  #paused = false;
  #blocked = false;
  #ending = false;
  #gone = false;
  #out: Buffer[] = [];
  #onDrain: (() => void)[] = [];
  /** When anything came last, in milliseconds since the epoch. */
  #heardAt: number;
  /** When the message that is not whole yet began; 0 for none. */
  #unfinishedAt = 0;
  /** When the client was last seen reading while answers wait for it; 0 while none do. */
  #blockedAt = 0;
  #written = 0;

  constructor(socket: Socket, options: { deps: ConnectionDeps; address: string; secure: boolean; onEnd: () => void }) {
    this.#deps = options.deps;
    this.address = options.address;
    this.#secure = options.secure;
    this.#onEnd = options.onEnd;
    this.#heardAt = options.deps.clock.now();
    this.#session = new Session(options.deps.session, this);
    this.#plain = socket;
    this.#socket = socket;
    this.#listen(socket);
  }

  get secure(): boolean {
    return this.#secure;
  }

  /** Whether somebody has bound. */
  get bound(): boolean {
    return this.#session.bound;
  }

  /** When anything came last, in milliseconds since the epoch. */
  get heardAt(): number {
    return this.#heardAt;
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    // The other side hung up or the network broke: nobody is there to be told.
    socket.on('error', () => socket.destroy());
    socket.on('end', () => this.end());
    socket.once('close', () => this.#closed(socket));
  }

  #read(chunk: Buffer): void {
    this.#heardAt = this.#deps.clock.now();
    if (this.#ending) return;
    const fault = this.#framing.push(chunk, this.#take);
    this.#unfinishedAt = this.#framing.unfinished ? this.#unfinishedAt || this.#heardAt : 0;
    if (fault === 'bytes-after-last') {
      // What a man in the middle put behind a StartTLS must not be read as if it had come over TLS.
      if (!this.#ending)
        this.disconnect(ResultCode.protocolError, 'nothing may follow a StartTLS before it is answered');
      return;
    }
    if (fault)
      this.disconnect(
        ResultCode.protocolError,
        fault === 'too-large' ? 'the message is too large' : 'this is not LDAP',
      );
    if (this.#waiting.length > 0 && !this.#busy) this.#deps.freshness.join(this);
    if (this.#waiting.length > WAITING.most) this.#pause();
  }

  readonly #take = (bytes: Buffer, start: number, end: number): boolean => {
    const message = readMessage(bytes, start, end);
    if (!message) {
      this.disconnect(ResultCode.protocolError, 'the message cannot be read');
      return false;
    }
    if ('result' in message) {
      this.#waiting.push(message);
      return true;
    }
    const { request } = message;
    if (request.op === 'abandon') {
      this.#abandon(request.id);
      return true;
    }
    this.#waiting.push(message);
    return request.op !== 'unbind' && !(request.op === 'extended' && request.oid === Oid.startTls && !this.#secure);
  };

  /** Binds and the like are not abandoned (RFC 4511, 4.11); what has no answer yet gets none. */
  #abandon(id: number): void {
    const at = this.#waiting.findIndex((message) => {
      return message.id === id && 'request' in message && message.request.op === 'search';
    });
    if (at < 0) {
      this.#session.abandon(id);
      return;
    }
    this.#waiting.splice(at, 1);
    if (at < this.#sealed) this.#sealed -= 1;
  }

  seal(): void {
    this.#sealed = this.#waiting.length;
  }

  run(fresh: boolean): void {
    const until = performance.now() + STRETCH_MS;
    while (this.#sealed > 0 && !this.#busy && !this.#blocked && !this.#gone) {
      const message = this.#waiting.shift();
      this.#sealed -= 1;
      if (!message) break;
      const under = this.#session.perform(message, fresh);
      if (under) {
        this.#busy = true;
        void under.then(() => this.#performed());
      }
      if (performance.now() > until) break;
    }
    this.#settle();
  }

  #performed(): void {
    this.#busy = false;
    this.#settle();
  }

  /** Sends what there is to send and sees to what still waits. */
  #settle(): void {
    this.#flush();
    this.#framing.limit = this.#session.bound ? MESSAGE_BYTES.after : MESSAGE_BYTES.before;
    if (this.#gone) return;
    if (this.#paused && this.#waiting.length < WAITING.few && !this.#ending) {
      this.#paused = false;
      this.#socket.resume();
    }
    if (this.#waiting.length > 0 && !this.#busy && !this.#blocked) this.#deps.freshness.join(this);
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  send(bytes: Buffer): void {
    this.#out.push(bytes);
  }

  #flush(): void {
    const [first] = this.#out;
    if (!first || this.#gone) return;
    const bytes = this.#out.length === 1 ? first : Buffer.concat(this.#out);
    this.#out = [];
    if (!this.#socket.writable || this.#socket.write(bytes)) return;
    this.#blocked = true;
    this.#blockedAt = this.#deps.clock.now();
    this.#written = this.#socket.bytesWritten;
  }

  #drained(): void {
    this.#blocked = false;
    this.#blockedAt = 0;
    const waiting = this.#onDrain;
    this.#onDrain = [];
    for (const each of waiting) each();
    this.#settle();
  }

  turn(): Promise<boolean> {
    this.#flush();
    return new Promise((resolve) => {
      const done = () => resolve(!this.#gone && !this.#ending);
      if (this.#blocked && !this.#gone) this.#onDrain.push(done);
      else setImmediate(done);
    });
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#waiting = [];
    this.#sealed = 0;
    this.#heardAt = this.#deps.clock.now();
    this.#flush();
    this.#socket.end();
  }

  disconnect(code: ResultCode, why: string): void {
    if (this.#ending) return;
    this.send(noticeOfDisconnection(code, why));
    this.end();
  }

  secureNow(): void {
    this.#flush();
    this.#plain.removeAllListeners('data');
    this.#plain.removeAllListeners('drain');
    this.#plain.removeAllListeners('end');
    const secured = this.#deps.secure(this.#plain);
    this.#secure = true;
    this.#socket = secured;
    this.#listen(secured);
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#plain.destroy();
  }

  /** Ends the connection if it has been quiet for too long. @param now milliseconds since the epoch */
  sweep(now: number): void {
    const quiet = now - this.#heardAt;
    if (this.#ending) {
      if (quiet > QUIET_MS.ending) this.destroy();
      return;
    }
    if (this.#blockedAt > 0) this.#sweepBlocked(now);
    else if (this.#unfinishedAt > 0 && now - this.#unfinishedAt > QUIET_MS.stuck) {
      this.disconnect(ResultCode.unavailable, 'the rest of the message did not come');
    } else if (!this.#busy && quiet > (this.bound ? QUIET_MS.after : QUIET_MS.before)) {
      this.disconnect(ResultCode.unavailable, 'this connection has been quiet for too long');
    }
  }

  #sweepBlocked(now: number): void {
    const { bytesWritten } = this.#socket;
    if (bytesWritten !== this.#written) {
      this.#written = bytesWritten;
      this.#blockedAt = now;
    } else if (now - this.#blockedAt > QUIET_MS.stuck) this.destroy();
  }

  #closed(socket: Socket): void {
    if (this.#gone || (socket === this.#plain && this.#socket !== this.#plain)) return;
    this.#gone = true;
    this.#ending = true;
    this.#deps.freshness.leave(this);
    for (const each of this.#onDrain) each();
    this.#onDrain = [];
    this.#out = [];
    this.#waiting = [];
    this.#onEnd();
  }
}
