import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { EndpointIndex, ServiceIndex } from '../push-context/service-index.ts';
import { type MeshEndpoint, serviceKey } from '../registry/mesh-service.ts';

/** Identities of the workloads behind each service (`namespace/hostname`), sorted. Services without any are left out. */
export type ServiceAccountIndex = ReadonlyMap<string, readonly string[]>;

/** `spiffe://cluster.local/ns/default/sa/reviews`. */
const identityOf = (trustDomain: string, namespace: string, account: string): string =>
  `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`;

const sameLists = (left: ServiceAccountIndex, right: ServiceAccountIndex): boolean => {
  if (left.size !== right.size) return false;
  for (const [key, names] of left) {
    const others = right.get(key);
    if (others?.length !== names.length) return false;
    if (names.some((name, index) => name !== others[index])) return false;
  }
  return true;
};

const identitiesOf = (
  endpoints: readonly MeshEndpoint[],
  domains: readonly string[],
): readonly string[] => {
  const names = new Set<string>();
  for (const { namespace, serviceAccount } of endpoints) {
    if (serviceAccount === '') continue;
    for (const domain of domains) names.add(identityOf(domain, namespace, serviceAccount));
  }
  return [...names].sort();
};

/**
 * Identities in every trust domain of the mesh. The very same index as `previous` when nothing
 * differs: endpoints come and go much more often than identities.
 */
export const buildServiceAccountIndex = (
  { services }: ServiceIndex,
  endpoints: EndpointIndex,
  { trustDomain, trustDomainAliases }: MeshConfig,
  previous: ServiceAccountIndex | undefined,
): ServiceAccountIndex => {
  const domains = [...new Set([trustDomain, ...trustDomainAliases])];
  const index = new Map<string, readonly string[]>();
  for (const service of services) {
    const key = serviceKey(service);
    const names = identitiesOf(endpoints.get(key) ?? [], domains);
    if (names.length > 0) index.set(key, names);
  }
  return previous !== undefined && sameLists(previous, index) ? previous : index;
};
