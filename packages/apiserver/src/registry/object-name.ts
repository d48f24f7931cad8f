import type { Diagnostic } from '@lateen/base';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain: RegExp = new RegExp(`^${label}(\\.${label})*$`);
/** Longest DNS name (RFC 1123). */
const maxNameLength = 253;

/** RBAC names may hold colons and capitals: anything that can be one segment of a path. */
const isPathSegment = (name: string): boolean =>
  name !== '.' && name !== '..' && !/[/%]/.test(name);

/** Why `metadata.name` cannot name an object of the group, if it cannot. */
export const validateName = (name: string, group: string): readonly Diagnostic[] => {
  const ok = group === 'rbac.authorization.k8s.io' ? isPathSegment(name) : subdomain.test(name);
  if (ok && name.length <= maxNameLength) return [];
  return [
    {
      severity: 'error',
      code: 'FieldInvalid',
      path: 'metadata.name',
      message: `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    },
  ];
};

/** Letters of generated suffixes: no vowels, no look-alikes (Kubernetes' rand.String). */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
/** Prefixes are cut so that prefix and suffix fit a label. */
const maxGeneratedPrefix = 58;

/** `generateName` and five random characters. */
export const generateName = (prefix: string, dice: (limit: number) => number): string => {
  const suffix = Array.from({ length: 5 }, () => alphabet[dice(alphabet.length)]);
  return prefix.slice(0, maxGeneratedPrefix) + suffix.join('');
};
