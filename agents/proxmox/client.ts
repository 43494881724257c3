import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import type * as z from 'zod';
import { codeOfAnswer, PveFailure, wordsOfAnswer } from './failure.ts';
import type { PveCounts } from './pve-counts.ts';
import { type Trust, TrustingAgent } from './trust.ts';

/** Where a PVE API is, how to be sure it is the right one, and who asks. */
export interface PveAccess extends Trust {
  /** Base URL, e.g. "https://10.0.0.5:8006". */
  apiUrl: string;
  /** "user@realm!name". */
  tokenId: string;
  /** Never logged, and never part of an error. */
  tokenSecret: string;
}

/** Parameters of a call; undefined ones are left out. */
export type PveParams = Record<string, string | number | undefined>;

/**
 * The PVE REST API. Paths are relative to /api2/json and already encoded. Every method answers with the `data` of PVE's
 * answer, checked against a schema, or throws a PveFailure in PVE's words.
 */
export interface PveApi {
  /** As tasks name the caller: the id of the token. */
  readonly owner: string;
  /** What is counted of it, if anything. */
  readonly counts?: PveCounts | undefined;
  /** Reads. @throws the signal's reason when aborted */
  get<T>(path: string, schema: z.ZodType<T>, params?: PveParams, signal?: AbortSignal): Promise<T>;
  /** Begins something; most answers are the UPID of its task. */
  post<T>(path: string, schema: z.ZodType<T>, params?: PveParams): Promise<T>;
  /** Changes something. */
  put<T>(path: string, schema: z.ZodType<T>, params?: PveParams): Promise<T>;
  /** Removes something. PVE takes no body with DELETE, so the parameters go into the query. */
  delete<T>(path: string, schema: z.ZodType<T>, params?: PveParams): Promise<T>;
}

/** Milliseconds for which a connection is kept; pveproxy closes one that has been idle for five seconds. */
const IDLE_MS = 4_000;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The API of one node over HTTPS, with an API token. */
export class PveClient implements PveApi {
  readonly #timeoutMs: number;
  #access: PveAccess;
  #agent: TrustingAgent;
  /** Those of former credentials, for what was under way then. */
  readonly #former: TrustingAgent[] = [];

  readonly counts: PveCounts | undefined;

  /** @param timeoutMs milliseconds for one request @param counts where requests are counted */
  constructor(access: PveAccess, timeoutMs: number, counts?: PveCounts) {
    this.counts = counts;
    this.#access = access;
    this.#timeoutMs = timeoutMs;
    this.#agent = agentFor(access);
  }

  /** Uses other credentials or another address from now on, also for work that is under way. */
  use(access: PveAccess): void {
    if (JSON.stringify(access) === JSON.stringify(this.#access)) return;
    this.#former.push(this.#agent);
    this.#access = access;
    this.#agent = agentFor(access);
  }

  get owner(): string {
    return this.#access.tokenId;
  }

  get<T>(path: string, schema: z.ZodType<T>, params: PveParams = {}, signal?: AbortSignal): Promise<T> {
    return this.#call('GET', path, schema, params, signal);
  }

  post<T>(path: string, schema: z.ZodType<T>, params: PveParams = {}): Promise<T> {
    return this.#call('POST', path, schema, params);
  }

  put<T>(path: string, schema: z.ZodType<T>, params: PveParams = {}): Promise<T> {
    return this.#call('PUT', path, schema, params);
  }

  delete<T>(path: string, schema: z.ZodType<T>, params: PveParams = {}): Promise<T> {
    return this.#call('DELETE', path, schema, params);
  }

  /** Breaks off what is under way and closes its connections. */
  close(): void {
    for (const agent of [...this.#former, this.#agent]) agent.destroy();
  }

  #call<T>(method: Method, path: string, schema: z.ZodType<T>, params: PveParams, signal?: AbortSignal): Promise<T> {
    const ask = () => this.#ask(method, path, schema, params, signal);
    return this.counts ? this.counts.request(ask) : ask();
  }

  async #ask<T>(
    method: Method,
    path: string,
    schema: z.ZodType<T>,
    params: PveParams,
    signal?: AbortSignal,
  ): Promise<T> {
    const given = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
    const answer = await this.#send(method, path, given, signal);
    const parsed = parseJson(answer.text);
    if (answer.status !== 200) {
      const words = wordsOfAnswer(answer.status, answer.statusText, parsed);
      throw new PveFailure(codeOfAnswer(answer.status, words), words);
    }
    const checked = schema.safeParse((parsed as { data?: unknown } | undefined)?.data);
    if (checked.success) return checked.data;
    throw new PveFailure(CommandFailureCode.UNAVAILABLE, `${method} ${path}: an answer that is not PVE's`, {
      cause: checked.error,
    });
  }

  async #send(method: Method, path: string, params: PveParams, signal?: AbortSignal) {
    const inQuery = method === 'GET' || method === 'DELETE';
    const url = new URL(`/api2/json${path}`, this.#access.apiUrl);
    if (inQuery) for (const [name, value] of Object.entries(params)) url.searchParams.set(name, String(value));
    const { tokenId, tokenSecret } = this.#access;
    try {
      const {
        statusCode = 0,
        statusMessage = '',
        body,
      } = await exchange(url, inQuery ? '' : JSON.stringify(params), this.#timeoutMs, {
        method,
        agent: this.#agent,
        headers: {
          authorization: `PVEAPIToken=${tokenId}=${tokenSecret}`,
          ...(!inQuery && { 'content-type': 'application/json' }),
        },
        ...(signal && { signal }),
      });
      return { status: statusCode, statusText: statusMessage, text: body };
    } catch (error) {
      signal?.throwIfAborted();
      throw new PveFailure(CommandFailureCode.UNAVAILABLE, `${url.host}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function agentFor(access: PveAccess): TrustingAgent {
  return new TrustingAgent(access, 10_000, { keepAlive: true, timeout: IDLE_MS });
}

/** One request and its whole answer. @throws when it is not there within so many milliseconds */
async function exchange(url: URL, content: string, withinMs: number, options: RequestOptions) {
  const call = request(url, options);
  // Once the answer has begun, its stream says what goes wrong; nobody listens to the request any more.
  call.on('error', () => undefined);
  const late = setTimeout(() => call.destroy(new Error(`no answer within ${withinMs / 1000} s`)), withinMs);
  try {
    call.end(content);
    const [answer]: IncomingMessage[] = await once(call, 'response');
    if (!answer) throw new Error('no answer');
    const { statusCode, statusMessage } = answer;
    return { statusCode, statusMessage, body: await text(answer) };
  } finally {
    clearTimeout(late);
  }
}

/** The text of an error and of what caused it; connection errors often have an empty one but a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // PVE answers some errors with bare text or nothing; the reason phrase speaks then.
    return undefined;
  }
}
