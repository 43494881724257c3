import { logFields } from '@berth/proto/contract/log-scope.ts';
import { pino } from 'pino';

/** Structured log; keys, tokens and certificates are redacted wherever they appear. */
export type Logger = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** A logger on standard error, one JSON object a line with the fields of the scope it is written in. */
export function createLogger(level = 'info'): Logger {
  return pino(
    {
      level,
      base: null,
      mixin: logFields,
      redact: ['*.token', '*.tokenSecret', '*.keyPem', '*.password', 'token', 'keyPem', 'password'],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
