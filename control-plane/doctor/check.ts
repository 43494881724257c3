/**
 * `berth doctor`: checks that each look at one thing and say what they found. A check is a function of what it is given
 * (a clock, a database, rows), so that its faults can be put in by a test; `host-checks.ts` and `client-checks.ts` give
 * them this machine. What cannot be looked at is a finding, too: no check keeps the others from being made.
 */
import type { Finding } from '@berth/proto/contract/finding.ts';

/** One look. */
export interface Check {
  /** What is looked at, for the finding when the look itself fails. */
  name: string;
  look(): Promise<Finding[]>;
}

/** Makes all checks, one after the other. */
export async function diagnose(checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await look(check)));
  return findings;
}

async function look({ name, look }: Check): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [{ check: name, state: 'fault', message: `could not be looked at: ${reasonOf(error)}` }];
  }
}

/** An error in words, also where Node has only a code for it. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}

/** All is well. */
export function ok(check: string, message: string): Finding {
  return { check, state: 'ok', message };
}

/** Something works less well, or soon will. */
export function warning(check: string, message: string, remedy: string): Finding {
  return { check, state: 'warning', message, remedy };
}

/** Something does not work. */
export function fault(check: string, message: string, remedy: string): Finding {
  return { check, state: 'fault', message, remedy };
}

/** A span of time in the unit that says most, such as "3 days" or "40 s". @param ms milliseconds, of either sign */
export function spanText(ms: number): string {
  const seconds = Math.abs(ms) / 1_000;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Bytes in the unit that says most, such as "3.2 GiB". */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 2 ** (10 * power)).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
