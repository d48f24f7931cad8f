import { hostsOverlap, isWildcardHost, resolveHost, type VirtualService } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { fullName, namespaceOf } from '../context/analysis-context.ts';
import { scopesOf } from '../context/host-registry.ts';
import { type Finding, finding } from '../finding.ts';
import { conflictingMeshGatewayVirtualServiceHosts } from '../message.ts';

/** A host of a VirtualService in the sidecars of one namespace, or of all (`*`). */
interface MeshHost {
  readonly scope: string;
  readonly host: string;
  readonly owner: VirtualService;
}

const isForMesh = ({ spec: { gateways = [] } }: VirtualService): boolean =>
  gateways.length === 0 || gateways.includes('mesh');

const meshHosts = (owner: VirtualService): readonly MeshHost[] => {
  const namespace = namespaceOf(owner);
  return [...scopesOf(owner.spec.exportTo, namespace)].flatMap((scope) =>
    (owner.spec.hosts ?? []).map((host) => ({ scope, host: resolveHost(host, namespace), owner })),
  );
};

const keyOf = ({ scope, host }: MeshHost): string => `${scope}/${host}`;

/** Hosts that are for every namespace, so that those of one are compared with few of them. */
interface GlobalHosts {
  readonly all: readonly MeshHost[];
  readonly byName: ReadonlyMap<string, readonly MeshHost[]>;
  readonly wildcards: readonly MeshHost[];
}

const indexGlobal = (hosts: readonly MeshHost[]): GlobalHosts => {
  const all = hosts.filter(({ scope }) => scope === '*');
  return {
    all,
    byName: Map.groupBy(all, ({ host }) => host),
    wildcards: all.filter(({ host }) => isWildcardHost(host)),
  };
};

/** Hosts for every namespace that meet a host for one. */
const widerHosts = (
  [first]: readonly MeshHost[],
  { all, byName, wildcards }: GlobalHosts,
): readonly MeshHost[] => {
  if (first === undefined || first.scope === '*') return [];
  if (isWildcardHost(first.host)) return all.filter(({ host }) => hostsOverlap(first.host, host));
  return [
    ...(byName.get(first.host) ?? []),
    ...wildcards.filter(({ host }) => hostsOverlap(first.host, host)),
  ];
};

const conflictsOf = (key: string, hosts: readonly MeshHost[]): readonly Finding[] => {
  const owners = [...new Set(hosts.map(({ owner }) => owner))];
  if (owners.length < 2) return [];
  const message = conflictingMeshGatewayVirtualServiceHosts(owners.map(fullName), key);
  return owners.map((owner) => finding(owner, message, 'metadata.name'));
};

/** Sidecars honour one VirtualService for a host: two of them are a conflict. */
export const conflictingMeshHosts: Analyzer = {
  name: 'virtualservice.ConflictingMeshGatewayHostsAnalyzer',
  description:
    'Checks if multiple virtual services associated with the mesh gateway have conflicting hosts',
  analyze: ({ virtualServices }) => {
    const all = virtualServices.filter(isForMesh).flatMap(meshHosts);
    const global = indexGlobal(all);
    const findings = [...Map.groupBy(all, keyOf)].flatMap(([key, group]) =>
      conflictsOf(key, [...group, ...widerHosts(group, global)]),
    );
    // One message is enough for each, as istioctl has it.
    return [...new Map(findings.toReversed().map((one) => [one.subject, one])).values()];
  },
};
