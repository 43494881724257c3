/** Texts per field, as `errors` of a 400 carries them. */
export type FieldErrors = Record<string, string>;

/** How an error reaches the client: most are JSON, the protocol's own are bare text or nothing at all. */
export type ErrorBody = 'json' | 'text' | 'empty';

/** A refusal in PVE's words. The reason goes into the status line and, with a newline, into `message`. */
export class PveError extends Error {
  readonly status: number;
  readonly errors: FieldErrors | undefined;
  readonly body: ErrorBody;
  /** True where a real node answers only after its fixed delay (authentication). */
  readonly delayed: boolean;

  constructor(
    status: number,
    reason: string,
    extra: { errors?: FieldErrors; body?: ErrorBody; delayed?: boolean } = {},
  ) {
    super(reason);
    this.status = status;
    this.errors = extra.errors;
    this.body = extra.body ?? 'json';
    this.delayed = extra.delayed ?? false;
  }
}

/** 400 with one text per refused parameter. */
export function invalidParams(errors: FieldErrors): PveError {
  return new PveError(400, 'Parameter verification failed.', { errors });
}

/** 500, what PVE's `die` becomes. */
export function failure(reason: string): PveError {
  return new PveError(500, reason);
}

/** 403; the detail is `(path, privilege)`, or absent where PVE does not say. */
export function forbidden(detail?: string): PveError {
  return new PveError(403, detail ? `Permission check failed (${detail})` : 'Permission check failed');
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
