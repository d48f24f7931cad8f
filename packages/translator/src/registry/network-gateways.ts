import type { Config } from '../input/config.ts';
import type { KubeServiceObject } from '../input/core.ts';
import { type ClusterRegistry, networkLabel } from './cluster-registry.ts';

/** An address that passes the mesh's TLS on to the workloads of a network. */
export interface NetworkGateway {
  readonly address: string;
  readonly port: number;
  readonly clusterId: string;
}

/** Gateways by the network they lead into. */
export type NetworkGateways = ReadonlyMap<string, readonly NetworkGateway[]>;

/** Istio's port for traffic between clusters, and the label that names another. */
const defaultGatewayPort = 15_443;
const portLabel = 'networking.istio.io/gatewayPort';

const addressesOf = ({ spec, status }: KubeServiceObject): readonly string[] => [
  ...status.loadBalancer.ingress.flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  ...spec.externalIPs,
];

const gatewaysOf = (
  { labels, spec }: Config<KubeServiceObject>,
  clusterId: string,
): readonly NetworkGateway[] => {
  const port = Number(labels.get(portLabel) ?? defaultGatewayPort);
  if (!spec.spec.ports.some((one) => one.port === port)) return [];
  return addressesOf(spec).map((address) => ({ address, port, clusterId }));
};

/** Services that carry the label of a network and have an address outside their cluster. */
export const networkGateways = (registries: readonly ClusterRegistry[]): NetworkGateways => {
  const gateways = new Map<string, NetworkGateway[]>();
  for (const { clusterId, services } of registries) {
    for (const service of services) {
      const network = service.labels.get(networkLabel);
      if (network === undefined) continue;
      const found = gatewaysOf(service, clusterId);
      gateways.set(network, [...(gateways.get(network) ?? []), ...found]);
    }
  }
  return gateways;
};
