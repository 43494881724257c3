import { AppError } from '../../errors.ts';

/** The error for a try that has to wait. @param retryAfterMs how long */
export function tooManyTries(retryAfterMs: number): AppError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const wait =
    seconds < 120 ? `${seconds} ${seconds === 1 ? 'second' : 'seconds'}` : `${Math.ceil(seconds / 60)} minutes`;
  return new AppError('resource_exhausted', {
    reason: 'too_many_tries',
    message: `Too many wrong tries. Try again in ${wait}.`,
    retryAfterSeconds: seconds,
  });
}
