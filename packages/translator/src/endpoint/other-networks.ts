import type { MeshEndpoint } from '../registry/mesh-service.ts';
import type { NetworkGateway, NetworkGateways } from '../registry/network-gateways.ts';
import type { EndpointGroup } from './locality-balancing.ts';

/** From where endpoints are looked at. */
export interface NetworkView {
  readonly gateways: NetworkGateways;
  /** The client's; '' reaches everything. */
  readonly network: string;
  /** Gateways pass mTLS on by its server name, and nothing else. */
  readonly takesMutualTls: (endpoint: MeshEndpoint) => boolean;
}

const greatestDivisor = (left: number, right: number): number =>
  right === 0 ? left : greatestDivisor(right, left % right);

const leastMultiple = (numbers: readonly number[]): number =>
  numbers.reduce((one, other) => (one * other) / greatestDivisor(one, other), 1);

const behindGateway = (
  { address, port, clusterId }: NetworkGateway,
  first: MeshEndpoint,
  weight: number,
): MeshEndpoint => ({
  ...first,
  address,
  port,
  cluster: clusterId,
  labels: new Map(),
  workloadName: '',
  weight,
  health: 'healthy',
  mutualTls: true,
});

/**
 * Istio's split horizon: endpoints of other networks stand as the gateways of those networks, which
 * share their weight. A network without a known gateway counts as reachable.
 */
export const throughGateways = ({
  gateways,
  network,
  takesMutualTls,
}: NetworkView): ((group: EndpointGroup) => readonly EndpointGroup[]) => {
  // Most meshes are on one network: nothing to look at.
  if (network === '' || gateways.size === 0) return (group) => [group];
  return (group) => {
    const gatewaysTo = (endpoint: MeshEndpoint): readonly NetworkGateway[] => {
      const isNear = endpoint.network === '' || endpoint.network === network;
      return isNear ? [] : (gateways.get(endpoint.network) ?? []);
    };
    const far = group.endpoints.filter((endpoint) => gatewaysTo(endpoint).length > 0);
    if (far.length === 0) return [group];
    const near = group.endpoints.filter((endpoint) => gatewaysTo(endpoint).length === 0);
    const usable = far.filter((one) => one.health === 'healthy' && takesMutualTls(one));
    const networks = [...Map.groupBy(usable, (endpoint) => endpoint.network).values()];
    const scale = leastMultiple(networks.map(([first]) => (first ? gatewaysTo(first).length : 1)));
    const entered = networks.flatMap((endpoints) => {
      const [first] = endpoints;
      if (first === undefined) return [];
      const ways = gatewaysTo(first);
      const sum = endpoints.reduce((total, { weight }) => total + weight, 0);
      return ways.map((way) => behindGateway(way, first, (sum * scale) / ways.length));
    });
    const endpoints = [
      ...near.map((endpoint) => ({ ...endpoint, weight: endpoint.weight * scale })),
      ...entered,
    ];
    if (endpoints.length === 0) return [];
    const weight = endpoints.reduce((sum, one) => sum + one.weight, 0);
    return [{ ...group, endpoints, weight: group.weight > 0 ? group.weight : weight }];
  };
};
