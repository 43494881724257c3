/** An enrolment that did not succeed. */
export class EnrolError extends Error {
  override readonly name = 'EnrolError';
}
