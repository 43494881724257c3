import type { Clock } from '@berth/proto/contract/clock.ts';
import * as z from 'zod';
import { plainWords, refused, unable } from '../failures.ts';
import { callHttp, type HttpAnswer, type HttpCall } from '../http-call.ts';

const WHO = 'Cloudflare';
const DEFAULT_URL = 'https://api.cloudflare.com/client/v4';
const PER_PAGE = 100;
/** So that a server that says "there is more" for ever is not believed. */
const MOST_PAGES = 100;

const problem = z.object({ code: z.number(), message: z.string() });
const answerShape = z.object({
  success: z.boolean(),
  errors: z.array(problem.extend({ error_chain: z.array(problem).optional() })),
  result: z.unknown(),
  result_info: z.object({ total_pages: z.number().optional() }).nullish(),
});

type Answer = z.infer<typeof answerShape>;

/** A refusal with the codes it came with. */
export class CloudflareRefusal extends Error {
  readonly codes: readonly number[];
  readonly words: string;

  constructor(errors: Answer['errors'], status: number) {
    const all = errors.flatMap((error) => [error, ...(error.error_chain ?? [])]);
    const words = all.map(({ code, message }) => `${message} (${code})`).join('; ') || `status ${status}`;
    super(words);
    this.codes = all.map(({ code }) => code);
    this.words = plainWords(words);
  }
}

/** Calls Cloudflare's API, version 4. */
export class CloudflareApi {
  readonly #clock: Clock;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(clock: Clock, apiUrl: string, token: string) {
    this.#clock = clock;
    this.#base = (apiUrl || DEFAULT_URL).replace(/\/$/, '');
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  /** All of a list, page by page. @throws AppError in Cloudflare's words */
  async list(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const search = new URLSearchParams({ ...query, page: String(page), per_page: String(PER_PAGE) });
      const answer = await this.call('GET', `${path}?${search}`, undefined, signal);
      const items = z.array(z.unknown()).parse(answer.result);
      found.push(...items);
      if (items.length === 0 || page >= (answer.result_info?.total_pages ?? 1)) break;
    }
    return found;
  }

  /**
   * One call.
   * @param fine codes of refusals that the caller deals with, as `CloudflareRefusal`
   * @throws AppError in Cloudflare's words, CloudflareRefusal
   */
  async call(
    method: HttpCall['method'],
    path: string,
    body: unknown,
    signal: AbortSignal,
    fine: readonly number[] = [],
  ): Promise<Answer> {
    const sent = { url: new URL(`${this.#base}${path}`), method, headers: this.#headers };
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await callHttp(this.#clock, WHO, { ...sent, ...content }, signal);
    const parsed = parse(answer);
    if (answer.status < 300 && parsed?.success) return parsed;
    const refusal = new CloudflareRefusal(parsed?.errors ?? [], answer.status);
    if (refusal.codes.some((code) => fine.includes(code))) throw refusal;
    const later = answer.status >= 500 || answer.status === 429;
    throw (later ? unable : refused)(WHO, refusal.words, answer.retryAfterSeconds);
  }
}

function parse({ text }: HttpAnswer): Answer | undefined {
  try {
    return answerShape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
