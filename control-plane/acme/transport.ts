/**
 * How authorities are reached: one HTTPS request at a time per call, with the trust the account names, a bound on time
 * and size, and no retry of its own: whoever orders decides when to try again. It stands where acme-client would use
 * axios, which knows no trust per client, retries behind everybody's back and throws away what the authority says.
 */
import { Agent, request } from 'node:https';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { AcmeProblem, AcmeUnreachable, parseProblem } from './problem.ts';
import { retryAfterMs } from './retry-after.ts';

/** An answer, as acme-client reads it. */
export interface AcmeAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  /** Parsed where it is JSON, else text. */
  data: unknown;
}

interface Options {
  data?: unknown;
  headers?: Record<string, string>;
}

export interface TransportOptions {
  clock: Clock;
  /** Certificates to trust, PEM; empty: those the system knows. */
  caPem: string;
  /** Ends whatever is under way. */
  signal: AbortSignal;
}

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 1_000_000;
const MAX_NONCES = 32;
const MAX_NOTED = 1_000;
/** Connections to one authority; Let's Encrypt asks for few. */
const MAX_SOCKETS = 8;
const AGENT_NAME = 'berth (acme-client)';

/** Speaks HTTPS with one authority. */
export class AcmeTransport {
  readonly #options: TransportOptions;
  readonly #agent: Agent;
  /** Unused nonces; each saves a request. */
  readonly #nonces: string[] = [];
  readonly #retryAfter = new Map<string, number>();

  constructor(options: TransportOptions) {
    this.#options = options;
    const { caPem } = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, ...(caPem && { ca: caPem }) });
  }

  /** Milliseconds after which to ask for a URL again, as the authority last said. */
  retryAfter(url: string): number | undefined {
    return this.#retryAfter.get(url);
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * One request. A nonce that is to be had without asking is given at once.
   * @throws AcmeProblem for a status of 400 or more, but for a bad nonce, which acme-client tries again with another
   * @throws AcmeUnreachable when there was no answer, or none that makes sense
   */
  async request(url: string, method: string, { data, headers = {} }: Options = {}): Promise<AcmeAnswer> {
    const nonce = method.toLowerCase() === 'head' ? this.#nonces.pop() : undefined;
    if (nonce !== undefined) return { status: 200, headers: { 'replay-nonce': nonce }, data: '' };
    const answer = await this.#exchange(url, method.toUpperCase(), data, headers).catch((error: unknown) => {
      if (!(error instanceof StaleConnection) || !changesNothing(method, data)) throw error;
      return this.#exchange(url, method.toUpperCase(), data, headers);
    });
    const wait = this.#noteRetryAfter(url, answer);
    if (isBadNonce(answer)) {
      // Those kept are as old or older.
      this.#nonces.length = 0;
      return answer;
    }
    const fresh = answer.headers['replay-nonce'];
    if (fresh && method.toLowerCase() !== 'head' && this.#nonces.length < MAX_NONCES) this.#nonces.push(fresh);
    if (answer.status >= 400) throw new AcmeProblem(answer.status, parseProblem(answer.data), wait);
    return answer;
  }

  #noteRetryAfter(url: string, { headers }: AcmeAnswer): number | undefined {
    const wait = retryAfterMs(headers['retry-after'], this.#options.clock.now());
    if (wait === undefined) {
      this.#retryAfter.delete(url);
      return undefined;
    }
    // Orders come and go; who still waits is told again at the next look.
    if (this.#retryAfter.size >= MAX_NOTED) this.#retryAfter.clear();
    this.#retryAfter.set(url, wait);
    return wait;
  }

  #exchange(url: string, method: string, data: unknown, headers: Record<string, string>): Promise<AcmeAnswer> {
    const target = httpsUrl(url);
    const body = data === undefined ? undefined : JSON.stringify(data);
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        const stale = call.reusedSocket && Object(cause).code === 'ECONNRESET';
        reject(stale ? new StaleConnection(wordsOf(target, cause), cause) : unreachable(target, cause));
      };
      const call = request(target, {
        method,
        agent: this.#agent,
        headers: { ...headers, 'User-Agent': AGENT_NAME, ...(body && { 'Content-Length': Buffer.byteLength(body) }) },
        signal: AbortSignal.any([this.#options.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      call.on('error', fail);
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BYTES) call.destroy(new Error('its answer is too long'));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          const of = response.headers as Record<string, string | undefined>;
          resolve({ status: response.statusCode ?? 0, headers: of, data: parsed(Buffer.concat(chunks), of) });
        });
      });
      call.end(body);
    });
  }
}

function httpsUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== 'https:')
    throw new AcmeUnreachable(`The authority names ${url}, which is no https address.`);
  return target;
}

function parsed(body: Buffer, headers: Record<string, string | undefined>): unknown {
  const text = body.toString('utf8');
  if (!/^application\/([a-z.-]+\+)?json\b/i.test(headers['content-type'] ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isBadNonce({ status, data }: AcmeAnswer): boolean {
  return status === 400 && parseProblem(data).type === 'urn:ietf:params:acme:error:badNonce';
}

/** The authority closed a connection that was kept, just as it was used again. */
class StaleConnection extends AcmeUnreachable {}

/** Whether a request may be made twice: to look, or to read by a POST with nothing in it (RFC 8555, 6.3). */
function changesNothing(method: string, data: unknown): boolean {
  return method.toLowerCase() !== 'post' || Object(data).payload === '';
}

function unreachable(target: URL, cause: unknown): AcmeUnreachable {
  return new AcmeUnreachable(wordsOf(target, cause), cause);
}

function wordsOf({ host }: URL, cause: unknown): string {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
  const why = timedOut ? `it did not answer within ${TIMEOUT_MS / 1000} s` : messageOf(cause);
  return `The authority at ${host} cannot be asked: ${why}`;
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause instanceof AggregateError ? cause.errors.map(messageOf).join(', ') : '';
  return cause.message || inner || cause.name;
}
