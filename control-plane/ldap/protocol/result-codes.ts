/** Result codes (RFC 4511, appendix A) as far as this gateway gives them. */
export const ResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  constraintViolation: 19,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  other: 80,
} as const;

/** One of the codes. */
export type ResultCode = (typeof ResultCode)[keyof typeof ResultCode];

const NAMES = new Map<number, string>(Object.entries(ResultCode).map(([name, code]) => [code, name]));

/** Name of a code. */
export function resultName(code: ResultCode): string {
  return NAMES.get(code) ?? 'other';
}

/** How an operation ended. */
export interface Result {
  code: ResultCode;
  /** For the person in front of the client, without secrets. */
  message?: string;
  /** The deepest entry on the way to one that is not there. */
  matchedDn?: string;
}

/** Success. */
export const SUCCESS: Result = { code: ResultCode.success };

/** A request refused while it was read; its message could be told apart all the same. */
export class RequestFault extends Error {
  readonly result: Result;

  constructor(code: ResultCode, message: string) {
    super(message);
    this.result = { code, message };
  }
}
