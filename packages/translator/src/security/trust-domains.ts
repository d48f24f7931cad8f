import type { MeshConfig } from '../mesh/mesh-config.ts';

/** The trust domain and its aliases, each once, the own one first. */
export const trustDomainsOf = ({
  trustDomain,
  trustDomainAliases,
}: Pick<MeshConfig, 'trustDomain' | 'trustDomainAliases'>): readonly string[] => [
  ...new Set([trustDomain, ...trustDomainAliases]),
];

/** Stands for the mesh's own trust domain in policies, whatever it is called. */
const localDomain = 'cluster.local';

/** `exact`, `prefix*`, `*suffix` or `*`. */
const matchesPattern = (value: string, pattern: string): boolean => {
  if (pattern === '*' || pattern === value) return true;
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1));
  return pattern.endsWith('*') && value.startsWith(pattern.slice(0, -1));
};

const withAliases = (principal: string, domains: readonly string[]): readonly string[] => {
  const [domain = '', ...rest] = principal.split('/');
  // Anything but TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT does not ask for a trust domain.
  if (rest.length !== 4 || domain === '*') return [principal];
  const isOurs = domain === localDomain || domains.some((known) => matchesPattern(domain, known));
  if (!isOurs) return [principal];
  const replaced = domains.map((known) =>
    domain.startsWith('*') && matchesPattern(known, domain)
      ? principal
      : [known, ...rest].join('/'),
  );
  return [...new Set(replaced)];
};

/** Each principal in all trust domains of the mesh, where it names one of them. */
export const expandPrincipals = (
  principals: readonly string[],
  domains: readonly string[],
): readonly string[] => principals.flatMap((principal) => withAliases(principal, domains));

/** Each trust domain with all its aliases, where it is the mesh's. */
export const expandTrustDomains = (
  values: readonly string[],
  domains: readonly string[],
): readonly string[] => [
  ...new Set(values.flatMap((value) => (domains.includes(value) ? domains : [value]))),
];
