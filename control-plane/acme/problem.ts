/** What an authority says when it refuses something (RFC 8555, 6.7; RFC 9457). */
import * as z from 'zod';

const PREFIX = 'urn:ietf:params:acme:error:';
/** Words of an authority that are kept, in characters. */
const MAX_WORDS = 2_000;

const one = z.object({ type: z.string().default('about:blank'), detail: z.string().default('') });
const shape = one.extend({
  subproblems: z
    .array(one.extend({ identifier: z.object({ value: z.string() }).optional() }))
    .default([])
    .catch([]),
});

/** A problem document. */
export type ProblemDocument = z.infer<typeof shape>;

/** An authority refused a request, or said why a validation or an order came to nothing. */
export class AcmeProblem extends Error {
  /** HTTP status; 0 where the problem was found inside an object. */
  readonly status: number;
  /** Without the prefix of ACME, e.g. "rateLimited"; "about:blank" when it said nothing. */
  readonly type: string;
  /** Milliseconds for which it asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, document: ProblemDocument, retryAfterMs?: number) {
    super(wordsOf(status, document));
    this.name = 'AcmeProblem';
    this.status = status;
    this.type = document.type.startsWith(PREFIX) ? document.type.slice(PREFIX.length) : document.type;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An authority that could not be asked, or whose answer made no sense; it may be otherwise a moment later. */
export class AcmeUnreachable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AcmeUnreachable';
  }
}

/** Reads a problem document; one without words when it is none. */
export function parseProblem(data: unknown): ProblemDocument {
  const parsed = shape.safeParse(data);
  return parsed.success ? parsed.data : { type: 'about:blank', detail: '', subproblems: [] };
}

/** The authority's own words, those on single names behind them. */
function wordsOf(status: number, { type, detail, subproblems }: ProblemDocument): string {
  const main = detail || (type === 'about:blank' ? `The authority answered with status ${status}.` : type);
  const parts = subproblems.map((part) => {
    const words = part.detail || part.type;
    return part.identifier ? `${part.identifier.value}: ${words}` : words;
  });
  return [main, ...parts]
    .join('; ')
    .replaceAll(/[\p{Cc}]+/gu, ' ')
    .slice(0, MAX_WORDS);
}
