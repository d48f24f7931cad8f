/** Upper quantile of the standard normal distribution at one in a million, one-sided. */
const quantile = 4.7534;

/**
 * Whether counts may come from these shares: Pearson's chi-square test that rejects a right balancer
 * once in a million runs. The critical value is Wilson and Hilferty's approximation.
 */
export const fitsShares = (counts: readonly number[], shares: readonly number[]): boolean => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const statistic = counts.reduce((sum, count, at) => {
    const expected = (total * (shares[at] ?? 0)) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  const freedom = counts.length - 1;
  const spread = 2 / (9 * freedom);
  return statistic < freedom * (1 - spread + quantile * Math.sqrt(spread)) ** 3;
};
