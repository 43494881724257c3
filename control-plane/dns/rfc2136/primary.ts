/**
 * A primary name server, asked over TCP with every message signed and every answer's signature checked: nobody between
 * can make Berth believe that a name is free, or that a record was made.
 */
import { randomInt } from 'node:crypto';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { refused, unable, unreachable } from '../failures.ts';
import { formatServer, type ServerAddress } from '../server-address.ts';
import { RCODE, rcodeName } from '../wire/constants.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  queryMessage,
  type ReadMessage,
  updateMessage,
  type WireRecord,
} from '../wire/message.ts';
import { exchange } from '../wire/tcp-exchange.ts';
import { isSignedBy, signMessage, type TsigKey, tsigOf } from '../wire/tsig.ts';
import { within } from '../within.ts';

const ANSWER_MS = 10_000;
const TRY_LATER: ReadonlySet<number> = new Set([RCODE.SERVFAIL]);

export class Primary {
  readonly #server: ServerAddress;
  readonly #key: TsigKey;
  readonly #clock: Clock;

  constructor(server: ServerAddress, key: TsigKey, clock: Clock) {
    this.#server = server;
    this.#key = key;
    this.#clock = clock;
  }

  /** How errors call it. */
  get name(): string {
    return `The name server ${formatServer(this.#server)}`;
  }

  /** Asks for records of a name; a name that is not there is an answer like another. @throws AppError */
  async query(name: string, type: number, signal: AbortSignal): Promise<ReadMessage> {
    const answer = await this.#ask(queryMessage(newId(), name, type), signal);
    this.#expect(answer.rcode, [RCODE.NOERROR, RCODE.NXDOMAIN], `queries for ${name}`);
    return answer;
  }

  /**
   * Changes a zone, all or nothing.
   * @returns whether the prerequisites held @throws AppError
   */
  async update(
    zone: string,
    prerequisites: WireRecord[],
    changes: WireRecord[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { rcode } = await this.#ask(updateMessage(newId(), zone, prerequisites, changes), signal);
    this.#expect(rcode, [RCODE.NOERROR, ...UNMET], `updates of ${zone}`);
    return rcode === RCODE.NOERROR;
  }

  async #ask(request: Message, signal: AbortSignal): Promise<ReadMessage> {
    const signed = signMessage(encodeMessage(request), this.#key, this.#seconds());
    let bytes: Buffer;
    let answer: ReadMessage;
    try {
      const bounds = { clock: this.#clock, ms: ANSWER_MS, who: this.name };
      bytes = await within(bounds, signal, (bounded) => exchange(this.#server, signed.bytes, bounded));
      answer = decodeMessage(bytes);
    } catch (error) {
      if (signal.aborted) throw error;
      throw unreachable(this.name, error);
    }
    if (!answer.response || answer.id !== request.id) throw unable(this.name, 'its answer is to another question');
    this.#checkSignature(bytes, answer, signed.mac);
    return answer;
  }

  /** An error that is not signed may be anybody's, but then its words are all there is. */
  #checkSignature(bytes: Buffer, answer: ReadMessage, requestMac: Buffer): void {
    const tsig = tsigOf(answer);
    const problem = tsig?.error ?? 0;
    if (problem !== 0)
      throw refused(this.name, `${rcodeName(answer.rcode)} (${rcodeName(problem)}): ${this.#why(problem)}`);
    if (!tsig && answer.rcode !== RCODE.NOERROR) this.#expect(answer.rcode, [], 'the message');
    if (!isSignedBy(bytes, answer, this.#key, requestMac)) {
      throw refused(this.name, 'its answer is not signed with the key, so it is not believed.');
    }
    if (tsig && Math.abs(this.#seconds() - tsig.timeSigned) > tsig.fudge) {
      throw refused(this.name, 'its answer was signed at another time: the clocks differ.');
    }
  }

  #why(problem: number): string {
    const { name, algorithm } = this.#key;
    if (problem === RCODE.BADKEY) return `it does not know the key "${name}" with ${algorithm}.`;
    if (problem === RCODE.BADSIG) return `the secret of the key "${name}" is another there.`;
    if (problem === RCODE.BADTIME) return 'its clock and the one here differ by more than 5 minutes.';
    return 'it does not take the signature.';
  }

  #expect(rcode: number, fine: readonly number[], what: string): void {
    if (fine.includes(rcode)) return;
    const words = `it answers ${rcodeName(rcode)} to ${what}.`;
    throw TRY_LATER.has(rcode) ? unable(this.name, words) : refused(this.name, words);
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

/** Answers to an update whose prerequisites do not hold (RFC 2136, 3.2). */
const UNMET: readonly number[] = [RCODE.NXDOMAIN, RCODE.YXDOMAIN, RCODE.YXRRSET, RCODE.NXRRSET];

function newId(): number {
  return randomInt(0x10000);
}
