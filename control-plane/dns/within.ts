import type { Clock } from '@berth/proto/contract/clock.ts';
import { AppError } from '../errors.ts';

/**
 * Runs work that ends with its signal, after `ms` milliseconds at the latest.
 * @param who takes too long if so, as the beginning of a sentence
 * @throws AppError "dns_timeout", or what the work throws
 */
export async function within<T>(
  { clock, ms, who }: { clock: Clock; ms: number; who: string },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const message = `${who} did not answer within ${Math.round(ms / 1000)} seconds.`;
  const cancel = clock.after(ms, () =>
    late.abort(new AppError('deadline_exceeded', { reason: 'dns_timeout', message })),
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    cancel();
  }
}
