import type { Config } from '../input/config.ts';
import type { KubeService } from '../input/core.ts';
import { list, message, messageOrEmpty, type Reader, text } from '../input/reader.ts';
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

interface LoadBalancer {
  readonly ingress: readonly {
    readonly ip: string | undefined;
    readonly hostname: string | undefined;
  }[];
}

/** core/v1 Service.status: written by controllers, and so taken as far as it can be read. */
const serviceStatus: Reader<{ readonly loadBalancer: LoadBalancer }> = messageOrEmpty({
  loadBalancer: messageOrEmpty<LoadBalancer>({
    ingress: list(message<LoadBalancer['ingress'][number]>({ ip: text, hostname: text })),
  }),
});

const addressesOf = ({ spec, status }: Config<KubeService>): readonly string[] => {
  const { loadBalancer } = serviceStatus(status, 'status', () => undefined);
  const outside = loadBalancer.ingress.flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  return [...outside, ...spec.externalIPs];
};

const gatewaysOf = (service: Config<KubeService>, clusterId: string): readonly NetworkGateway[] => {
  const port = Number(service.labels.get(portLabel) ?? defaultGatewayPort);
  if (!service.spec.ports.some((one) => one.port === port)) return [];
  return addressesOf(service).map((address) => ({ address, port, clusterId }));
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
