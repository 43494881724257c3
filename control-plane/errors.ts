/** One wrong field of a request. */
export interface FieldViolation {
  /** Path in the request in snake case, e.g. "container.services[0].http.host". */
  field: string;
  /** What is wrong and what would be right. */
  description: string;
}

/** The kinds of failure there are; each maps to one gRPC status. */
export type ErrorCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'aborted'
  | 'resource_exhausted'
  | 'unavailable'
  | 'deadline_exceeded'
  | 'internal';

export interface AppErrorOptions {
  /** Stable reason in snake case, e.g. "hostname_taken"; callers branch on it, never on the text. */
  reason: string;
  /** For the person who can act. */
  message: string;
  violations?: FieldViolation[];
  /** When it is worth trying again. */
  retryAfterSeconds?: number;
  /** For the log only; never leaves the server. */
  cause?: unknown;
}

/** A failure free of any transport: the API, the pages and the operations each shape it in their own way. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.reason = options.reason;
    this.violations = options.violations ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What nobody expected, under the number by which its log lines are found. @param cause for the log only */
export function unexpected(requestId: string, cause: unknown): AppError {
  const message = `Something unexpected went wrong. Tell your administrator this number: ${requestId}`;
  return new AppError('internal', { reason: 'internal', message, cause });
}

/** A request with wrong fields. The message names the first of them. */
export function invalid(violations: FieldViolation[], reason = 'invalid_field'): AppError {
  const first = violations[0];
  const message = first ? `${first.field}: ${first.description}` : 'The request is invalid.';
  return new AppError('invalid_argument', { reason, message, violations });
}

/** Something that is not there, or that the caller may not know to be there. */
export function notFound(what: string, id: string, field?: string): AppError {
  const message = `There is no ${what} "${id}".`;
  return new AppError('not_found', {
    reason: `${what.toLowerCase().replaceAll(' ', '_')}_not_found`,
    message,
    violations: field ? [{ field, description: message }] : [],
  });
}

/** A name or number somebody else has. */
export function taken(reason: string, field: string, message: string): AppError {
  return new AppError('already_exists', { reason, message, violations: [{ field, description: message }] });
}
