import { pino } from 'pino';

/** Structured log. Whatever may hold a secret is redacted wherever it appears. */
export type Logger = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

const SECRET_FIELDS = [
  ...['password', 'token', 'tokenSecret', 'keyPem', 'setupCode', 'authorization'],
  ...['clientSecret', 'browserToken', 'verifier'],
];

/** A logger on standard error, one JSON object a line. */
export function createLogger(level: string): Logger {
  const redact = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]);
  return pino({ level, base: null, redact }, pino.destination({ dest: 2, sync: true }));
}
