import type { Config } from '../input/config.ts';
import type { EndpointSlice, SliceEndpoint } from '../input/core.ts';
import { unknownLocality } from '../proxy/locality.ts';
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
): Pick<
  MeshEndpoint,
  'labels' | 'serviceAccount' | 'workloadName' | 'locality' | 'network' | 'mutualTls'
> => ({
  labels: workload?.labels ?? new Map(),
  serviceAccount: workload?.serviceAccount ?? '',
  workloadName: workload?.name ?? '',
  locality: workload?.locality ?? { ...unknownLocality, zone: zone ?? '' },
  network: workload?.labels.get('topology.istio.io/network') ?? '',
  mutualTls: workload?.labels.get('security.istio.io/tlsMode') === 'istio',
});

/** All endpoints of a slice, one for each address and port. `workloads`: by `namespace/pod`. */
export const sliceEndpoints = (
  slice: Config<EndpointSlice>,
  workloads: ReadonlyMap<string, Workload>,
): readonly MeshEndpoint[] => {
  const result: MeshEndpoint[] = [];
  for (const endpoint of slice.spec.endpoints) {
    if (endpoint.conditions.terminating === true && endpoint.conditions.serving !== true) continue;
    const ref = endpoint.targetRef;
    const namespace = ref?.namespace ?? slice.namespace;
    const workload =
      ref?.kind === 'Pod' ? workloads.get(`${namespace}/${ref.name ?? ''}`) : undefined;
    const shared = {
      ...workloadFields(workload, endpoint.zone),
      namespace,
      weight: 1,
      health: healthOf(endpoint.conditions),
    };
    for (const address of endpoint.addresses) {
      for (const { name, port, protocol } of slice.spec.ports) {
        if (port === undefined || (protocol ?? 'TCP') !== 'TCP') continue;
        result.push({ ...shared, address, port, servicePortName: name ?? '' });
      }
    }
  }
  return result;
};
