import type { EndpointSlice, Service, ServicePort } from '@lateen/api';
import type { Destination } from '../network/tcp-relay.ts';

/** Label of an EndpointSlice that names its service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

const endpointsOf = (slice: EndpointSlice, portName: string): readonly Destination[] => {
  const port = (slice.ports ?? []).find(({ name = '' }) => name === portName)?.port;
  if (port === undefined) return [];
  return slice.endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
};

/** The ready endpoints of one port of a service, in the order of the slices. */
export const readyEndpoints = (
  port: ServicePort,
  slices: readonly EndpointSlice[],
): readonly Destination[] => slices.flatMap((slice) => endpointsOf(slice, port.name ?? ''));

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
