import { intersectHosts } from '@lateen/api';

/** For each overlapping pair the narrower name, without duplicates, in the order of `left`. */
export const intersectHostLists = (
  left: readonly string[],
  right: readonly string[],
): readonly string[] => [
  ...new Set(left.flatMap((one) => right.flatMap((other) => intersectHosts(one, other) ?? []))),
];
