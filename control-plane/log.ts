import { type LogScope, logFields } from '@berth/proto/contract/log-scope.ts';
import { pino } from 'pino';
import { newId } from './ids.ts';

/** Structured log. Whatever may hold a secret is redacted wherever it appears. */
export type Logger = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

const SECRET_FIELDS = [
  ...['password', 'token', 'tokenSecret', 'keyPem', 'setupCode', 'authorization'],
  ...['clientSecret', 'browserToken', 'verifier'],
];

/** A logger on standard error, one JSON object a line with the fields of the scope it is written in. */
export function createLogger(level: string): Logger {
  const redact = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]);
  return pino({ level, base: null, redact, mixin: logFields }, pino.destination({ dest: 2, sync: true }));
}

/** The scope of a piece of work that nobody called for; each has an identifier of its own. @param now milliseconds since the epoch */
export function backgroundScope(work: string, now: number): LogScope {
  return { requestId: newId('req', now), work };
}
