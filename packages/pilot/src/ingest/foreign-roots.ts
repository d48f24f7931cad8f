import { X509Certificate } from 'node:crypto';
import { splitCertificates } from '@lateen/identity';
import type { MeshConfig } from '@lateen/translator';

/** A root of another mesh that is trusted here (an entry of MeshConfig `caCertificates`). */
export interface ForeignRoot {
  /** Certificates, PEM, one each. */
  readonly certificates: readonly string[];
  /** Empty: the mesh's own and its aliases. */
  readonly trustDomains: readonly string[];
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const isAuthority = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
};

const readEntry = (entry: unknown): ForeignRoot | undefined => {
  const { pem, trustDomains = [] } = fieldsOf(entry);
  if (typeof pem !== 'string' || !Array.isArray(trustDomains)) return undefined;
  const certificates = splitCertificates(pem);
  const isGood = certificates.length > 0 && certificates.every(isAuthority);
  const areNames = trustDomains.every((name) => typeof name === 'string');
  return isGood && areNames ? { certificates, trustDomains: trustDomains as string[] } : undefined;
};

/**
 * Reads `caCertificates`; undefined: an entry has no certificate of an authority in `pem`.
 * `spiffeBundleUrl` is not fetched, so that an entry with that alone is refused.
 */
export const readForeignRoots = (value: unknown): readonly ForeignRoot[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const roots = value.map(readEntry);
  return roots.every((root) => root !== undefined) ? roots : undefined;
};

/**
 * Those that can vouch for anybody: names of other trust domains are refused whoever signed them, and
 * a root that is for such domains only has no business among the mesh's.
 */
export const rootsInForce = (
  roots: readonly ForeignRoot[],
  { trustDomain, trustDomainAliases }: Pick<MeshConfig, 'trustDomain' | 'trustDomainAliases'>,
): readonly string[] => {
  const accepted = new Set([trustDomain, ...trustDomainAliases]);
  return roots
    .filter(
      ({ trustDomains }) =>
        trustDomains.length === 0 || trustDomains.some((name) => accepted.has(name)),
    )
    .flatMap(({ certificates }) => certificates);
};
