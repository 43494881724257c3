import type { Violations } from './violations.ts';

/** Checks a list: how long it is, each entry by itself, and that none is there twice. */
export function checkList(
  field: string,
  values: readonly string[],
  max: number,
  fault: (value: string) => string | undefined,
  found: Violations,
): void {
  if (values.length > max) found.check(field, `must have at most ${max} entries`);
  const seen = new Set<string>();
  for (const [i, value] of values.slice(0, max).entries()) {
    const right = found.check(`${field}[${i}]`, fault(value));
    if (right && seen.has(value)) found.check(`${field}[${i}]`, 'is there twice');
    seen.add(value);
  }
}
