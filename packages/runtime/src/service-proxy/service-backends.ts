import type { EndpointSlice, Service, ServicePort } from '@lateen/api';
import type { Destination } from '../network/tcp-relay.ts';

/** Label of an EndpointSlice that names its service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

/** The ready endpoints of one port of a service, in the order of the slices. */
export const readyEndpoints = (
  port: ServicePort,
  slices: readonly EndpointSlice[],
): readonly Destination[] => {
  const destinations: Destination[] = [];
  for (const slice of slices) {
    const own = (slice.ports ?? []).find((one) => (one.name ?? '') === (port.name ?? ''));
    if (own?.port === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints)
      if (conditions?.ready !== false)
        for (const host of addresses) destinations.push({ host, port: own.port });
  }
  return destinations;
};

/** An address the service proxy listens on for one port of a service. */
export interface ServiceAddress extends Destination {
  readonly port: number;
  readonly servicePort: ServicePort;
}

const clusterAddresses = ({ spec }: Service): readonly string[] => {
  const address = spec?.clusterIP;
  return address === undefined || address === '' || address === 'None' ? [] : [address];
};

/** ClusterIP:port, nodeIP:nodePort and externalIP:port of a service's TCP ports (kube-proxy's). */
export const serviceAddresses = (
  service: Service,
  nodeAddress: string,
): readonly ServiceAddress[] => {
  const { spec, status } = service;
  if (spec === undefined || spec.type === 'ExternalName') return [];
  const balanced = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const hosts = [...clusterAddresses(service), ...(spec.externalIPs ?? []), ...balanced];
  return (spec.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .flatMap((servicePort) => [
      ...hosts.map((host) => ({ host, port: servicePort.port, servicePort })),
      ...(servicePort.nodePort === undefined
        ? []
        : [{ host: nodeAddress, port: servicePort.nodePort, servicePort }]),
    ]);
};
