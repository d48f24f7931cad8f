import type { Config } from '../input/config.ts';
import type { EndpointSlice, SliceEndpoint } from '../input/core.ts';
import { unknownLocality } from '../proxy/locality.ts';
import { type ClusterPlace, type ClusterRegistry, networkLabel } from './cluster-registry.ts';
import type { MeshEndpoint } from './mesh-service.ts';
import type { Workload } from './workload.ts';

/** Label that ties an EndpointSlice to its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

const healthOf = ({
  ready,
  serving,
  terminating,
}: SliceEndpoint['conditions']): MeshEndpoint['health'] => {
  if (terminating === true && serving === true) return 'draining';
  return ready === false ? 'unhealthy' : 'healthy';
};

/** What an endpoint takes from the pod behind it; a bare address has no labels. */
const workloadFields = (
  workload: Workload | undefined,
  zone: string | undefined,
  { clusterId, network }: ClusterPlace,
): Pick<
  MeshEndpoint,
  'labels' | 'serviceAccount' | 'workloadName' | 'locality' | 'network' | 'cluster' | 'mutualTls'
> => ({
  labels: workload?.labels ?? new Map(),
  serviceAccount: workload?.serviceAccount ?? '',
  workloadName: workload?.name ?? '',
  locality: workload?.locality ?? { ...unknownLocality, zone: zone ?? '' },
  network: workload?.labels.get(networkLabel) ?? network,
  cluster: clusterId,
  mutualTls: workload?.labels.get('security.istio.io/tlsMode') === 'istio',
});

const behind = (
  { targetRef }: SliceEndpoint,
  namespace: string,
  workloads: ReadonlyMap<string, Workload>,
): Workload | undefined =>
  targetRef?.kind === 'Pod'
    ? workloads.get(`${targetRef.namespace ?? namespace}/${targetRef.name ?? ''}`)
    : undefined;

/** All endpoints of a slice, one for each address and port. */
export const sliceEndpoints = (
  slice: Config<EndpointSlice>,
  registry: Pick<ClusterRegistry, 'clusterId' | 'network' | 'workloads'>,
): readonly MeshEndpoint[] => {
  const ports = slice.spec.ports.flatMap(({ name, port, protocol }) =>
    port === undefined || (protocol ?? 'TCP') !== 'TCP'
      ? []
      : [{ port, servicePortName: name ?? '' }],
  );
  const alive = slice.spec.endpoints.filter(
    ({ conditions }) => conditions.terminating !== true || conditions.serving === true,
  );
  return alive.flatMap((endpoint) => {
    const shared = {
      ...workloadFields(
        behind(endpoint, slice.namespace, registry.workloads),
        endpoint.zone,
        registry,
      ),
      namespace: endpoint.targetRef?.namespace ?? slice.namespace,
      weight: 1,
      health: healthOf(endpoint.conditions),
    };
    return endpoint.addresses.flatMap((address) =>
      ports.map((port) => ({ ...shared, ...port, address })),
    );
  });
};
