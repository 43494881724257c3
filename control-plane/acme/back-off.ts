/**
 * When to try again after a failure. What an authority refused is tried less and less often, and never more than five
 * times in an hour: authorities count failed validations, and one that is asked too often locks the name out for
 * longer. What could not be asked at all is tried sooner, as it costs nobody's patience. Every wait is random, so that
 * a hundred names that failed together do not come back together.
 */
import { backoffCeiling } from '@berth/proto/contract/backoff.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { Appointment, Life } from './renewal-time.ts';

/** What went wrong. */
export interface Failure {
  /** "passing": nobody refused anything; "refused": the authority or the DNS did; "limited": it asks to be left alone. */
  kind: 'passing' | 'refused' | 'limited';
  /** For how long it asks to be left alone, milliseconds. */
  retryAfterMs?: number | undefined;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Least waits after so many refusals in a row: five tries fit into any hour. */
const LEAST_REFUSED = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE];
const REFUSED = { baseMs: MINUTE, capMs: 12 * HOUR };
const PASSING = { baseMs: 2 * SECOND, capMs: 30 * MINUTE };
const LEAST_PASSING = SECOND;
/** Where an authority asks to be left alone and does not say for how long. */
const UNTOLD_LIMIT = HOUR;
/** No authority keeps us away for longer. */
const MOST_LIMIT = 7 * 24 * HOUR;

/**
 * When to try again.
 * @param failures in a row, this one counted
 * @param life of what is served, if anything: the shorter it is, the less may be waited
 */
export function tryAgain(
  failure: Failure,
  failures: number,
  { now, random, life }: { now: number; random: Random; life?: Life | undefined },
): Appointment {
  const after = `after ${failures} ${failures === 1 ? 'failure' : 'failures'}`;
  if (failure.kind === 'limited' || failure.retryAfterMs !== undefined) {
    const asked = Math.min(failure.retryAfterMs ?? UNTOLD_LIMIT, MOST_LIMIT);
    // Not at the very moment at which everybody else comes back.
    const wait = Math.max(asked, LEAST_PASSING) * (1 + 0.1 * random()) + LEAST_PASSING * random();
    return { at: Math.round(now + wait), reason: `the authority asks to wait ${after}` };
  }
  const [least, most] = failure.kind === 'passing' ? passing(failures) : refused(failures);
  const cap = Math.max(least, Math.min(most, longest(life)));
  return { at: Math.round(now + least + (cap - least) * random()), reason: `back-off ${after}` };
}

function passing(failures: number): [number, number] {
  return [LEAST_PASSING, backoffCeiling(PASSING, failures - 1)];
}

/** Four times as long after each. */
function refused(failures: number): [number, number] {
  const least = LEAST_REFUSED[Math.min(failures, LEAST_REFUSED.length) - 1] ?? MINUTE;
  return [least, backoffCeiling(REFUSED, 2 * (failures - 1))];
}

/** A twelfth of a life, within reason. */
function longest(life: Life | undefined): number {
  if (!life) return REFUSED.capMs;
  return Math.max(30 * MINUTE, (life.until - life.from) / 12);
}
