import type { EndpointSlice, Endpoints, Service } from '@lateen/api';
import { ageColumn, type Column, column, firstThree, nameColumn, orNone, wide } from './column.ts';
import { labelsText } from './label-text.ts';

const externalAddress = ({ spec, status }: Service): string => {
  const own = spec?.externalIPs ?? [];
  if (spec?.type === 'ExternalName') return spec.externalName ?? '';
  if (spec?.type !== 'LoadBalancer') return orNone(own.join(','));
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname);
  const balanced = [...new Set(ingress.filter((address) => address !== undefined))].sort();
  const addresses = [...balanced, ...own];
  return addresses.length === 0 ? '<pending>' : addresses.join(',');
};

const ports = ({ spec }: Service): string =>
  orNone(
    (spec?.ports ?? [])
      .map(({ port, nodePort, protocol = 'TCP' }) =>
        nodePort === undefined || nodePort === 0
          ? `${port}/${protocol}`
          : `${port}:${nodePort}/${protocol}`,
      )
      .join(','),
  );

/** Columns of core/v1 Service. */
export const serviceColumns: readonly Column[] = [
  nameColumn,
  column<Service>('Type', ({ spec }) => spec?.type ?? 'ClusterIP'),
  column<Service>('Cluster-IP', ({ spec }) => orNone(spec?.clusterIPs?.[0] ?? spec?.clusterIP)),
  column('External-IP', externalAddress),
  column('Port(s)', ports),
  ageColumn,
  wide(column<Service>('Selector', ({ spec }) => labelsText(spec?.selector))),
];

const hostPort = (ip: string, port: number): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

const endpointAddresses = ({ subsets = [] }: Endpoints): string => {
  const texts = subsets.flatMap(({ addresses = [], ports: subsetPorts = [] }) =>
    subsetPorts.length === 0
      ? addresses.map(({ ip }) => ip)
      : subsetPorts.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
  // Subsets without a ready address print as nothing, no subset at all as <none>.
  return firstThree(texts, subsets.length === 0 ? '<none>' : '');
};

/** Columns of core/v1 Endpoints. */
export const endpointsColumns: readonly Column[] = [
  nameColumn,
  column('Endpoints', endpointAddresses),
  ageColumn,
];

const slicePorts = ({ ports: declared }: EndpointSlice): string =>
  firstThree(
    (declared ?? []).map(({ port, name }) => String(port ?? name ?? '*')),
    '<unset>',
  );

const sliceAddresses = ({ endpoints }: EndpointSlice): string =>
  firstThree(
    (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
    '<unset>',
  );

/** Columns of discovery.k8s.io/v1 EndpointSlice. */
export const endpointSliceColumns: readonly Column[] = [
  nameColumn,
  column<EndpointSlice>('AddressType', ({ addressType }) => addressType),
  column('Ports', slicePorts),
  column('Endpoints', sliceAddresses),
  ageColumn,
];
