import { AppError } from '../../errors.ts';

/** The error for who asks for one thing again and again. @param retryAfterMs how long he has to wait */
export function askedTooOften(retryAfterMs: number): AppError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const wait = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
  return new AppError('resource_exhausted', {
    reason: 'asked_too_often',
    message: `You have asked for this too often. Try again in ${wait}.`,
  });
}
