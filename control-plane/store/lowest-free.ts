const FIRST_WINDOW = 64;
const LAST_WINDOW = 1_024;

/**
 * The lowest number in [first, last] that is not in use. It looks at windows that double in size, so a nearly empty
 * range costs one small look and a full one costs a read of each number in use, never more.
 * @param usedIn the numbers in use in [from, to], in any order, doubles allowed
 * @returns undefined when all are in use
 */
export async function lowestFree(
  first: number,
  last: number,
  usedIn: (from: number, to: number) => Promise<Iterable<number>>,
): Promise<number | undefined> {
  let window = FIRST_WINDOW;
  for (let from = first; from <= last; from += window, window = Math.min(window * 2, LAST_WINDOW)) {
    const to = Math.min(from + window - 1, last);
    const used = new Set(await usedIn(from, to));
    for (let number = from; number <= to; number++) if (!used.has(number)) return number;
  }
  return undefined;
}
