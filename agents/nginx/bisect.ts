/**
 * Finds the members of `candidates` without which `valid` holds, when nothing else tells them.
 * `valid` is given the candidates to keep; it must hold for none of them. Costs about 2·k·log2(n) calls for k culprits.
 */
export async function bisect<T>(
  candidates: readonly T[],
  valid: (kept: readonly T[]) => Promise<boolean>,
): Promise<T[]> {
  const good: T[] = [];
  const culprits: T[] = [];
  const search = async (part: readonly T[]): Promise<void> => {
    if (part.length === 0) return;
    if (await valid([...good, ...part])) {
      good.push(...part);
    } else if (part.length === 1) {
      culprits.push(...part);
    } else {
      const middle = part.length >> 1;
      await search(part.slice(0, middle));
      await search(part.slice(middle));
    }
  };
  await search(candidates);
  return culprits;
}
