/** A config's short name resolved in its own namespace, as `ResolveShortnameToFQDN` does. */
export const resolveHost = (host: string, namespace: string, domainSuffix: string): string => {
  if (host === '' || host.includes('.') || host.includes('*') || host.includes(':')) return host;
  return `${host}.${namespace}.svc.${domainSuffix}`;
};

export const isWildcard = (host: string): boolean => host.startsWith('*');

/** Whether every name that `inner` stands for is one that `outer` stands for. */
export const isSubsetOf = (inner: string, outer: string): boolean => {
  if (!isWildcard(outer)) return inner === outer;
  const suffix = outer.slice(1);
  return isWildcard(inner) ? inner.slice(1).endsWith(suffix) : inner.endsWith(suffix);
};

/** Whether some name is in both. */
export const hostsOverlap = (left: string, right: string): boolean =>
  isSubsetOf(left, right) || isSubsetOf(right, left);

/** For each overlapping pair the narrower name, without duplicates, in the order of `left`. */
export const intersectHosts = (left: readonly string[], right: readonly string[]): string[] => {
  const result = new Set<string>();
  for (const one of left) {
    for (const other of right) {
      if (isSubsetOf(one, other)) result.add(one);
      else if (isSubsetOf(other, one)) result.add(other);
    }
  }
  return [...result];
};

/** Of wildcards, the longer is the more specific; exact names come before all wildcards. */
export const compareSpecificity = (left: string, right: string): number => {
  const wildLeft = isWildcard(left);
  if (wildLeft !== isWildcard(right)) return wildLeft ? 1 : -1;
  return right.length - left.length || (left < right ? -1 : Number(left > right));
};

/** The most specific of `candidates` that covers `host`, or undefined. */
export const mostSpecificMatch = (
  host: string,
  candidates: Iterable<string>,
): string | undefined => {
  let best: string | undefined;
  for (const candidate of candidates) {
    if (!isSubsetOf(host, candidate)) continue;
    if (best === undefined || compareSpecificity(candidate, best) < 0) best = candidate;
  }
  return best;
};
