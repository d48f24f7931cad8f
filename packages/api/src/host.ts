/** The domain of the cluster unless its mesh says otherwise. */
export const defaultClusterDomain = 'cluster.local';

/** `*` alone or a leading wildcard label: `*.example.com`. */
export const isWildcardHost = (host: string): boolean => host.startsWith('*');

/**
 * A host as a configuration in `namespace` writes it → the name it means. Only a name without any dot is
 * short: `reviews` becomes `reviews.<namespace>.svc.<domain>`, `reviews.prod` stays, as do `*` and addresses.
 */
export const resolveHost = (
  host: string,
  namespace: string,
  domain: string = defaultClusterDomain,
): string =>
  host === '' || host.includes('.') || host.includes(':') || isWildcardHost(host)
    ? host
    : `${host}.${namespace}.svc.${domain}`;

/** Whether every name `host` stands for is covered by `pattern`; both may be wildcards (istio host.SubsetOf). */
export const hostIsWithin = (host: string, pattern: string): boolean => {
  if (!isWildcardHost(pattern)) return host === pattern;
  const suffix = pattern.slice(1);
  if (!isWildcardHost(host)) return host.endsWith(suffix);
  return host.length >= pattern.length && host.slice(1).endsWith(suffix);
};

/** Whether some name is covered by both (istio host.Matches): `*.com` and `foo.com` overlap, `foo.com` and `*.foo.com` do not. */
export const hostsOverlap = (a: string, b: string): boolean =>
  hostIsWithin(a, b) || hostIsWithin(b, a);

/** The narrower of two overlapping hosts; undefined when they have nothing in common. */
export const intersectHosts = (a: string, b: string): string | undefined => {
  if (hostIsWithin(a, b)) return a;
  return hostIsWithin(b, a) ? b : undefined;
};

/** Most specific first: exact names before wildcards, longer before shorter, then by alphabet. */
export const compareHosts = (a: string, b: string): number =>
  Number(isWildcardHost(a)) - Number(isWildcardHost(b)) ||
  b.length - a.length ||
  (a < b ? -1 : Number(a > b));

/** The candidate that covers `host` most narrowly: itself, else the longest wildcard. */
export const mostSpecificHost = (
  host: string,
  candidates: Iterable<string>,
): string | undefined => {
  let best: string | undefined;
  for (const candidate of candidates)
    if (hostIsWithin(host, candidate) && (best === undefined || compareHosts(candidate, best) < 0))
      best = candidate;
  return best;
};

/** A host with the namespaces it is limited to, as Gateway servers and Sidecars write it. */
export interface ScopedHost {
  /** `*`, `.`, `~` or a name. */
  readonly namespace: string;
  readonly host: string;
}

/** `[namespace/]dnsName`; without a namespace it is `*`. */
export const parseScopedHost = (text: string): ScopedHost => {
  const slash = text.indexOf('/');
  return slash < 0
    ? { namespace: '*', host: text }
    : { namespace: text.slice(0, slash), host: text.slice(slash + 1) };
};
