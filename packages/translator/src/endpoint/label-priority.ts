import type { Locality } from '../proxy/locality.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { MeshEndpoint } from '../registry/mesh-service.ts';

/** Labels whose values come from where a workload runs. */
const localityLabels: Readonly<Record<string, keyof Locality>> = {
  'topology.kubernetes.io/region': 'region',
  'topology.kubernetes.io/zone': 'zone',
  'topology.istio.io/subzone': 'subZone',
};

const labelValue = (
  name: string,
  labels: ReadonlyMap<string, string>,
  locality: Locality,
): string | undefined => {
  const part = localityLabels[name];
  return labels.get(name) ?? (part === undefined ? undefined : locality[part]);
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
    const own = wanted ?? labelValue(name, client.labels, client.locality);
    return own !== labelValue(name, endpoint.labels, endpoint.locality);
  });
  return differing < 0 ? 0 : failoverPriority.length - differing;
};
