import type { Clock } from '@berth/proto/contract/clock.ts';
import { refused, unreachable } from './failures.ts';
import { within } from './within.ts';

const ANSWER_MS = 15_000;
const MOST_BYTES = 4 << 20;

/** A call to a provider's API. */
export interface HttpCall {
  url: URL;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

/** What it answered. */
export interface HttpAnswer {
  status: number;
  text: string;
  /** Seconds after which it wants to be asked again, where it says so. */
  retryAfterSeconds: number | undefined;
}

/**
 * Calls an API; it has 15 seconds, no redirect is followed (it would carry the secret elsewhere), and no endless answer
 * is read.
 * @param who is asked, as the beginning of a sentence
 * @throws AppError "dns_unreachable", "dns_timeout", "dns_refused" on a redirect
 */
export async function callHttp(clock: Clock, who: string, call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method, headers = {}, body } = call;
  let answer: HttpAnswer;
  try {
    answer = await within({ clock, ms: ANSWER_MS, who }, signal, async (bounded) => {
      const sent = { method, redirect: 'manual' as const, signal: bounded, ...(body !== undefined && { body }) };
      const response = await fetch(url, { ...sent, headers: { 'user-agent': 'Berth', ...headers } });
      const text = await readText(response);
      return { status: response.status, text, retryAfterSeconds: retryAfterOf(response.headers) };
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachable(who, error);
  }
  if (answer.status >= 300 && answer.status < 400) throw refused(who, 'it redirects elsewhere, which is not followed.');
  return answer;
}

async function readText({ body }: Response): Promise<string> {
  if (!body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error('it answers with more than is read');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function retryAfterOf(headers: Headers): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400 ? seconds : undefined;
}
