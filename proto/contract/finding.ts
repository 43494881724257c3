/**
 * What a look at a machine found: the answers of both doctors and of the prerequisites before a host joins. A finding
 * that is not ok says what to do, in words or in the exact command.
 */

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, short, such as `clock` or `certificate ca`; not unique. */
  check: string;
  /** A fault keeps something from working, now or soon; a warning does not. */
  state: 'ok' | 'warning' | 'fault';
  /** What was found, for the person who can act. */
  message: string;
  /** What to do about it; may have several lines. */
  remedy?: string;
}

const WORDS: Record<Finding['state'], string> = { ok: 'ok', warning: 'warning', fault: 'FAULT' };

/** The exit code that scripts branch on: 1 with a fault, 0 without one, warnings or not. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ state }) => state === 'fault') ? 1 : 0;
}

/** The findings for people: one a line in columns, each remedy below its finding, and a count. Ends in a newline. */
export function findingsText(findings: readonly Finding[]): string {
  const states = Math.max(0, ...findings.map(({ state }) => WORDS[state].length));
  const checks = Math.max(0, ...findings.map(({ check }) => check.length));
  const indent = ' '.repeat(states + checks + 4);
  const lines = findings.flatMap(({ check, state, message, remedy }) => {
    const [first = '', ...rest] = message.trimEnd().split('\n');
    const said = [`${WORDS[state].padEnd(states)}  ${check.padEnd(checks)}  ${first}`, ...rest.map((r) => indent + r)];
    return remedy === undefined ? said : [...said, ...remedyLines(remedy, indent)];
  });
  return [...lines, summary(findings), ''].join('\n');
}

/** The findings for programs, as `-o json` prints them. */
export function findingsJson(findings: readonly Finding[]): string {
  return `${JSON.stringify(findings, null, 2)}\n`;
}

function remedyLines(remedy: string, indent: string): string[] {
  return remedy
    .trimEnd()
    .split('\n')
    .map((line, i) => `${indent}${i === 0 ? '→' : ' '} ${line}`);
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const faults = count('fault');
  const warnings = count('warning');
  const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  return `${count('ok')} ok, ${plural(warnings, 'warning')}, ${plural(faults, 'fault')}`;
}
