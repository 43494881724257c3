import { rangeFault } from './numbers.ts';
import type { Violations } from './violations.ts';

/** Rows on a page when none are asked for, and the most. */
const DEFAULT_SIZE = 50;
const MAX_SIZE = 200;

/** The page size that applies. */
export function pageSize(asked: number, found: Violations): number {
  if (asked === 0) return DEFAULT_SIZE;
  return found.check('page_size', rangeFault(asked, 1, MAX_SIZE)) ? asked : DEFAULT_SIZE;
}
