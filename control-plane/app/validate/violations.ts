import { type FieldViolation, invalid } from '../../errors.ts';

/** Collects every wrong field of a request before it is refused, so that a form can show all of them at once. */
export class Violations {
  readonly #found: FieldViolation[] = [];

  /** Notes a field when there is something wrong with it. @returns whether it is right */
  check(field: string, fault: string | undefined): boolean {
    if (fault === undefined) return true;
    this.#found.push({ field, description: fault });
    return false;
  }

  /** Whether a field (or one below it) was found wrong. */
  has(field: string): boolean {
    return this.#found.some((violation) => violation.field === field || violation.field.startsWith(`${field}.`));
  }

  /** @throws AppError "invalid_field" with everything that was found */
  refuse(): void {
    if (this.#found.length > 0) throw invalid(this.#found);
  }
}
