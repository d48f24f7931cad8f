import { BlockList, isIP } from 'node:net';
import type { KubeObject, Node, Pod } from '@lateen/api';
import type { RemoteCluster } from '@lateen/translator';

const networkLabel = 'topology.istio.io/network';
/** Its uid is what tells one cluster from another, whatever they are called. */
export const identityNamespace = 'kube-system';

/** What of a cluster is compared with the others. */
export type ComparedCluster = Pick<RemoteCluster, 'clusterId' | 'pods' | 'namespaces' | 'nodes'>;

/** The uid of a cluster; undefined where its API server gives none. */
export const clusterUid = (namespaces: readonly KubeObject[]): string | undefined =>
  namespaces.find(({ metadata }) => metadata.name === identityNamespace)?.metadata.uid;

/** On which network a cluster is; '' when it does not say. */
export const networkOf = (namespaces: readonly KubeObject[], rootNamespace: string): string =>
  namespaces.find(({ metadata }) => metadata.name === rootNamespace)?.metadata.labels?.[
    networkLabel
  ] ?? '';

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** `Node.spec.podCIDRs`: the addresses that its pods have. */
const rangesOf = (nodes: readonly KubeObject[]): readonly (readonly [string, number])[] =>
  (nodes as readonly Node[])
    .flatMap(({ spec }) => spec?.podCIDRs ?? spec?.podCIDR ?? [])
    .map((range) => {
      const [address = '', bits = ''] = range.split('/');
      return [address, Number(bits)] as const;
    })
    .filter(([address, bits]) => isIP(address) !== 0 && bits > 0 && bits <= 128);

const blockOf = (nodes: readonly KubeObject[]): BlockList => {
  const list = new BlockList();
  for (const [address, bits] of rangesOf(nodes)) list.addSubnet(address, bits, family(address));
  return list;
};

const isIn = (block: BlockList, address: string): boolean => block.check(address, family(address));

/** Some networks give pods addresses of their own choice, whatever the nodes say. */
const usesRanges = ({ pods }: ComparedCluster, block: BlockList): boolean =>
  (pods as readonly Pod[]).some(({ status }) => status?.podIP && isIn(block, status.podIP));

/** Ranges overlap when one holds the other's first address. */
const overlappingRange = (one: ComparedCluster, other: ComparedCluster): string | undefined => {
  const [blockOfOne, blockOfOther] = [blockOf(one.nodes), blockOf(other.nodes)];
  if (!usesRanges(one, blockOfOne) || !usesRanges(other, blockOfOther)) return undefined;
  const found =
    rangesOf(one.nodes).find(([address]) => isIn(blockOfOther, address)) ??
    rangesOf(other.nodes).find(([address]) => isIn(blockOfOne, address));
  return found && `${found[0]}/${found[1]}`;
};

/** Pods with an address of their own on the cluster's network, by address. */
const podsByAddress = ({ pods }: ComparedCluster, network: string): ReadonlyMap<string, string> =>
  new Map(
    (pods as readonly Pod[])
      .filter(
        ({ metadata, spec, status }) =>
          spec.hostNetwork !== true &&
          status?.phase !== 'Succeeded' &&
          status?.phase !== 'Failed' &&
          (metadata.labels?.[networkLabel] ?? network) === network,
      )
      .flatMap(({ metadata, status }) =>
        status?.podIP ? [[status.podIP, `${metadata.namespace}/${metadata.name}`] as const] : [],
      ),
  );

const sharedAddress = (
  one: ComparedCluster,
  other: ComparedCluster,
  network: string,
): string | undefined => {
  const known = podsByAddress(other, network);
  for (const [address, pod] of podsByAddress(one, network)) {
    const theirs = known.get(address);
    if (theirs !== undefined) return `pod ${pod} here and pod ${theirs} there are at ${address}`;
  }
  return undefined;
};

const wayOut =
  'give one of the clusters a network of its own (label topology.istio.io/network of namespace istio-system) with a gateway into it, or other addresses to its pods';

/** Why two clusters cannot be in one mesh as they are; undefined: they can. */
const conflictOf = (
  one: ComparedCluster,
  other: ComparedCluster,
  rootNamespace: string,
): string | undefined => {
  const uid = clusterUid(one.namespaces);
  if (uid !== undefined && uid === clusterUid(other.namespaces))
    return `it is cluster "${other.clusterId}" under another name: delete one of the two Secrets, or put the right kubeconfig into it`;
  const network = networkOf(one.namespaces, rootNamespace);
  if (network !== networkOf(other.namespaces, rootNamespace)) return undefined;
  const range = overlappingRange(one, other);
  const what =
    range === undefined
      ? sharedAddress(one, other, network)
      : `the pod addresses of both overlap in ${range}`;
  if (what === undefined) return undefined;
  const where =
    network === '' ? 'neither says on which network it is' : `both are on network "${network}"`;
  return `clashes with cluster "${other.clusterId}": ${what}, and ${where}: ${wayOut}`;
};

/**
 * Clusters that cannot be joined to those before them, by id, with the reason: one API server under two
 * names, and pods that nobody could tell apart as their addresses are the same on the same network.
 */
export const findConflicts = (
  clusters: readonly ComparedCluster[],
  rootNamespace: string,
): ReadonlyMap<string, string> => {
  const conflicts = new Map<string, string>();
  const accepted: ComparedCluster[] = [];
  for (const cluster of clusters) {
    const problem = accepted.reduce<string | undefined>(
      (found, other) => found ?? conflictOf(cluster, other, rootNamespace),
      undefined,
    );
    if (problem === undefined) accepted.push(cluster);
    else conflicts.set(cluster.clusterId, problem);
  }
  return conflicts;
};
