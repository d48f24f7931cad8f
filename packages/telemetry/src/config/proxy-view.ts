import type { Pod } from '@lateen/api';
import {
  buildClusters,
  buildListeners,
  buildRoutes,
  describeProxy,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';
import { type Resource, routeNamesOf } from '@lateen/xds';
import { type MeshWorkload, proxyContainer } from '../mesh/mesh-workload.ts';

/** What one proxy would be sent, by name. */
export interface ProxyView {
  readonly listeners: ReadonlyMap<string, Resource>;
  readonly routes: ReadonlyMap<string, Resource>;
  readonly clusters: ReadonlyMap<string, Resource>;
}

const byName = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.map((resource) => [resource.name, resource]));

/** HTTP proxy port of sidecars without interception. */
const httpProxyPort = '15002';

const variable = (pod: Pod, name: string): string => {
  const container = proxyContainer(pod) as
    | { readonly env?: readonly { readonly name: string; readonly value?: string }[] }
    | undefined;
  return container?.env?.find((entry) => entry.name === name)?.value ?? '';
};

/** The proxy of a workload's first pod, as it would introduce itself; undefined without one. */
export const proxyOf = (workload: MeshWorkload): ProxyDescriptor | undefined => {
  const pod = workload.pods.find((one) => proxyContainer(one) !== undefined);
  if (pod === undefined) return undefined;
  const { name, namespace = 'default', labels = {} } = pod.metadata;
  const type = workload.isGateway ? 'router' : 'sidecar';
  const mode = variable(pod, 'ISTIO_META_INTERCEPTION_MODE') || 'REDIRECT';
  const { value } = describeProxy({
    id: `${type}~${pod.status?.podIP ?? '0.0.0.0'}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `${workload.name}.${namespace}`,
    metadata: {
      NAMESPACE: namespace,
      NAME: name,
      LABELS: { ...labels },
      WORKLOAD_NAME: workload.name,
      SERVICE_ACCOUNT: workload.serviceAccount,
      INTERCEPTION_MODE: mode,
      LATEEN_SDS: 'true',
      ...(mode === 'NONE' && { HTTP_PROXY_PORT: httpProxyPort }),
    },
  });
  return value;
};

/** Builds what the translator would send to a proxy. */
export const proxyView = (push: PushContext, proxy: ProxyDescriptor): ProxyView => {
  const listeners = buildListeners(push, proxy);
  const routeNames = [...new Set(listeners.flatMap(({ message }) => routeNamesOf(message)))];
  return {
    listeners: byName(listeners),
    routes: byName(buildRoutes(push, proxy, routeNames)),
    clusters: byName(buildClusters(push, proxy)),
  };
};
