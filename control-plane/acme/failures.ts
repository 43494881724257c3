import { AppError } from '../errors.ts';
import type { Failure } from './back-off.ts';
import { AcmeProblem, AcmeUnreachable, parseProblem } from './problem.ts';

/** An order came to nothing; the next try is another order. */
export class OrderFailed extends AcmeProblem {
  /** @param problem problem document of the order or of one of its challenges */
  constructor(problem: unknown, name = '') {
    const document = parseProblem(problem);
    super(0, name === '' ? document : { ...document, detail: `${name}: ${document.detail || document.type}` });
    this.name = 'OrderFailed';
  }
}

/** Something took longer than is waited for; the order goes on later. */
export class NotYet extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotYet';
  }
}

/** What a failure means for the next try. */
export interface Judgement extends Failure {
  /** For the page. */
  words: string;
  /** Whether the order under way is of no use any more. */
  forgetOrder: boolean;
  /** Whether the authority does not know the account. */
  disown: boolean;
}

const TRY_LATER: readonly string[] = ['unavailable', 'deadline_exceeded', 'aborted', 'resource_exhausted'];

/** Judges what was thrown while a certificate was being ordered. */
export function judge(error: unknown): Judgement {
  const words = error instanceof Error ? error.message : String(error);
  const kept = { words, forgetOrder: false, disown: false };
  if (error instanceof AcmeProblem) return judgeProblem(error);
  if (error instanceof AcmeUnreachable || error instanceof NotYet) return { ...kept, kind: 'passing' };
  if (error instanceof AppError) {
    const retryAfterMs = error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1_000;
    return { ...kept, kind: TRY_LATER.includes(error.code) ? 'passing' : 'refused', retryAfterMs };
  }
  return { ...kept, kind: 'passing', words: 'Berth made an error of its own; its log has more.' };
}

function judgeProblem(problem: AcmeProblem): Judgement {
  const { message: words, status, type, retryAfterMs } = problem;
  const disown = type === 'accountDoesNotExist';
  if (type === 'rateLimited' || status === 429) {
    return { kind: 'limited', words, retryAfterMs, forgetOrder: problem instanceof OrderFailed, disown };
  }
  // An unknown account is registered again with the next try, and its orders are gone with it.
  if (disown) return { kind: 'passing', words, forgetOrder: true, disown };
  if (status >= 500 || type === 'serverInternal' || type === 'badNonce' || type === 'orderNotReady') {
    return { kind: 'passing', words, retryAfterMs, forgetOrder: problem instanceof OrderFailed, disown };
  }
  return { kind: 'refused', words, retryAfterMs, forgetOrder: true, disown };
}
