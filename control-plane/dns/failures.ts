import { AppError } from '../errors.ts';

const WORDS = 500;

/** A server that cannot be reached, or does not speak as it should: another time it may. */
export function unreachable(who: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const message = `${who} cannot be asked: ${wordsOf(cause)}.`;
  return new AppError('unavailable', { reason: 'dns_unreachable', message, cause });
}

/** A server that answered, and said no. @param words its own */
export function refused(who: string, words: string, retryAfterSeconds?: number): AppError {
  const message = `${who} refuses: ${plainWords(words)}`;
  const again = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new AppError('failed_precondition', { reason: 'dns_refused', message, ...again });
}

/** A server that answered, and could not do it now. @param words its own */
export function unable(who: string, words: string, retryAfterSeconds?: number): AppError {
  const message = `${who} cannot do it now: ${plainWords(words)}`;
  const again = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new AppError('unavailable', { reason: 'dns_unable', message, ...again });
}

/** A zone that is not there. */
export function noZone(who: string, fqdn: string): AppError {
  const message = `${who} has no zone for ${fqdn}.`;
  return new AppError('failed_precondition', { reason: 'dns_zone_not_found', message });
}

/** A name whose records are somebody else's. */
export function foreign(fqdn: string, what: string): AppError {
  const message = `${fqdn} has ${plainWords(what)}, which Berth did not make. It is left alone.`;
  return new AppError('failed_precondition', { reason: 'foreign_record', message });
}

/** Whether it tells of records that are somebody else's. */
export function isForeign(error: unknown): error is AppError {
  return error instanceof AppError && error.reason === 'foreign_record';
}

/** What a server said, as one line of bounded length. */
export function plainWords(words: string): string {
  return words
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, WORDS);
}

/** An error and what is behind it; `fetch` alone says no more than "fetch failed". */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return plainWords(String(error));
  if (error.cause instanceof Error) return wordsOf(error.cause);
  const { code } = error as NodeJS.ErrnoException;
  return plainWords(error.message || code || error.name).replace(/\.$/, '');
}
