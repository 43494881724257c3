const CACHE_LINE = 64;
const POINTER = 8;

/** What nginx's `…_hash_max_size` and `…_hash_bucket_size` must be for a set of keys. */
export type HashSizes = { readonly maxSize: number; readonly bucketSize: number };

/**
 * Sizes with which nginx builds its hash at the first attempt or nearly so. It begins 1,000 below the maximum when
 * that is large against the number of keys, so a roomy maximum is what makes parsing fast; a bucket must hold the
 * longest key, and four of them so that a table that is half empty never fails.
 */
export function hashSizes(count: number, longestKey: number): HashSizes {
  const element = POINTER + Math.ceil((longestKey + 2) / POINTER) * POINTER;
  const bucketSize = Math.max(2, Math.ceil((4 * element + POINTER) / CACHE_LINE)) * CACHE_LINE;
  return { maxSize: Math.max(2048, 2 ** Math.ceil(Math.log2(4 * Math.max(1, count)))), bucketSize };
}
