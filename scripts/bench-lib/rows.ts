/** One figure, beside that of the alternative taken in the same run. */
export interface Row {
  /** The benchmark. */
  name: string;
  /** What was measured. */
  figure: string;
  unit: string;
  ours: number;
  /** The alternative's figure, or the aim where there is no alternative. */
  other: number;
  /** ours / other. */
  ratio: number;
  /** When, ISO 8601. */
  at: string;
}

/** A row with its ratio. */
export function row(name: string, figure: string, unit: string, ours: number, other: number): Row {
  return { name, figure, unit, ours, other, ratio: Number((ours / other).toFixed(4)), at: new Date().toISOString() };
}

/** The q-quantile (0–1) of some figures. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
