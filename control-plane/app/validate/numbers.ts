/** A whole number within bounds. */
export function rangeFault(value: number, min: number, max: number): string | undefined {
  if (Number.isInteger(value) && value >= min && value <= max) return undefined;
  return `must be a whole number from ${min} to ${max}`;
}

/** A TCP or UDP port. */
export function portFault(value: number): string | undefined {
  return rangeFault(value, 1, 65_535);
}
