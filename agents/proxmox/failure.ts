import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';

/** What PVE, or the way to it, refused: code for the control plane, PVE's own words for people. */
export class PveFailure extends Error {
  readonly code: CommandFailureCode;
  /** Last lines of the task's log, when a task failed. */
  readonly logTail: string[];

  constructor(code: CommandFailureCode, message: string, details: { logTail?: string[]; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PveFailure';
    this.code = code;
    this.logTail = details.logTail ?? [];
  }
}

/** Whether an error is a failure with one of these codes. */
export function isFailure(error: unknown, ...codes: CommandFailureCode[]): error is PveFailure {
  return error instanceof PveFailure && codes.includes(error.code);
}

/**
 * PVE says nearly everything with 500 (or the exit status of a task), so its words decide. A guest's configuration
 * that does not exist is a missing guest; anything else that does not exist is a parameter naming it.
 */
const WORDS: readonly [RegExp, CommandFailureCode][] = [
  [/Configuration file '.*' does not exist/, CommandFailureCode.NOT_FOUND],
  [/(?:CT|VM) \d+ already exists/, CommandFailureCode.VMID_TAKEN],
  [/config file already exists/, CommandFailureCode.VMID_TAKEN],
  [/CT is locked|VM is locked|can't lock file/, CommandFailureCode.LOCKED],
  [/Permission check failed|Only root/, CommandFailureCode.PERMISSION],
  [/hostname lookup '.*' failed|Connection refused|No route to host|timed? ?out/i, CommandFailureCode.UNAVAILABLE],
  [/does not exist|no such|not available|protection mode|format error|unable to parse/i, CommandFailureCode.INVALID],
];

/** The code for PVE's words. */
export function codeOfWords(words: string): CommandFailureCode {
  return WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? CommandFailureCode.TASK_FAILED;
}

/** The code for an HTTP answer. */
export function codeOfAnswer(status: number, words: string): CommandFailureCode {
  if (status === 401 || status === 403) return CommandFailureCode.PERMISSION;
  if (status === 400) return /no such task/.test(words) ? CommandFailureCode.NOT_FOUND : CommandFailureCode.INVALID;
  if (status === 501) return CommandFailureCode.UNSUPPORTED;
  // 595 to 597 are pveproxy's own, for a node it could not reach.
  if ((status >= 502 && status <= 504) || status >= 595) return CommandFailureCode.UNAVAILABLE;
  return codeOfWords(words);
}

/** The words of an error answer: its message with the refused fields, or its reason phrase. */
export function wordsOfAnswer(status: number, statusText: string, body: unknown): string {
  const { message, errors } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const said = typeof message === 'string' && message.trim() !== '' ? message.trim() : statusText || `HTTP ${status}`;
  if (typeof errors !== 'object' || errors === null) return said;
  const fields = Object.entries(errors).map(([field, text]) => `${field}: ${String(text).trim()}`);
  return fields.length > 0 ? `${said} ${fields.join('; ')}` : said;
}
