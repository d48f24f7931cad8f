import type { Locality } from '../proxy/locality.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import { networkLabel } from '../registry/cluster-registry.ts';
import type { MeshEndpoint } from '../registry/mesh-service.ts';

/** Labels whose values come from where a workload runs. */
const localityLabels: Readonly<Record<string, keyof Locality>> = {
  'topology.kubernetes.io/region': 'region',
  'topology.kubernetes.io/zone': 'zone',
  'topology.istio.io/subzone': 'subZone',
};

const clusterLabel = 'topology.istio.io/cluster';

/** What a label is compared with: where a workload runs stands for labels it does not have. */
interface Labelled {
  readonly labels: ReadonlyMap<string, string>;
  readonly locality: Locality;
  /** '': only the label tells. */
  readonly network: string;
  readonly cluster: string;
}

const labelValue = (
  name: string,
  { labels, locality, network, cluster }: Labelled,
): string | undefined => {
  const own = labels.get(name);
  if (own !== undefined) return own;
  if (name === networkLabel && network !== '') return network;
  if (name === clusterLabel) return cluster;
  const part = localityLabels[name];
  return part && locality[part];
};

/**
 * `failoverPriority`: the more of the labels, from the first on, an endpoint shares with the client,
 * the earlier it is used. `name=value` compares with that value in place of the client's.
 */
export const labelPriority = (
  failoverPriority: readonly string[],
  client: OutboundClient,
  endpoint: MeshEndpoint,
): number => {
  const differing = failoverPriority.findIndex((entry) => {
    const [name = '', wanted] = entry.split('=');
    const own = wanted ?? labelValue(name, { ...client, cluster: client.clusterId });
    return own !== labelValue(name, endpoint);
  });
  return differing < 0 ? 0 : failoverPriority.length - differing;
};
