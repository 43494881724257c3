import { RequestFault, ResultCode } from '../protocol/result-codes.ts';

/** Values compared for one entry: a group may have 10,000 members and a filter 1,024 clauses, and nobody may wait for that. */
const MOST_COMPARISONS = 500_000;

let spent = 0;

/** Begins to count anew, for the next entry. */
export function beginEffort(): void {
  spent = 0;
}

/** Counts comparisons. @throws RequestFault when there are too many */
export function spend(comparisons: number): void {
  spent += comparisons;
  if (spent > MOST_COMPARISONS) throw new RequestFault(ResultCode.adminLimitExceeded, 'the filter takes too long');
}
