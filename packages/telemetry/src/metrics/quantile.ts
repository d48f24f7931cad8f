/** Increments of a histogram's buckets by upper bound; not cumulative. */
export type Buckets = Map<number, number>;

/**
 * Prometheus' `histogram_quantile`: linear within the bucket; the highest finite bound when the rank lies
 * above all of them. null without observations.
 */
export const quantileOf = (buckets: Buckets, quantile: number): number | null => {
  const bounds = [...buckets.keys()].sort((left, right) => left - right);
  const total = bounds.reduce((sum, bound) => sum + (buckets.get(bound) ?? 0), 0);
  if (total === 0) return null;
  const rank = quantile * total;
  let below = 0;
  let lower = 0;
  for (const bound of bounds) {
    const count = buckets.get(bound) ?? 0;
    if (count > 0 && below + count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower;
      return lower + (bound - lower) * ((rank - below) / count);
    }
    below += count;
    if (bound !== Number.POSITIVE_INFINITY) lower = bound;
  }
  return lower;
};
