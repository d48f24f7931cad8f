import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Endpoints,
  KubeObject,
  Pod,
  ReplicaSet,
  Service,
} from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { Informer, type KubeClient, type Resource, resources } from '@lateen/kube';

/** What every controller works with. Caches are shared: each collection is watched once. */
export interface ControllerContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly caches: ControllerCaches;
}

export interface ControllerCaches {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly services: Informer<Service>;
  readonly endpoints: Informer<Endpoints>;
  readonly endpointSlices: Informer<EndpointSlice>;
  readonly namespaces: Informer<KubeObject>;
  readonly serviceAccounts: Informer<KubeObject>;
  readonly configMaps: Informer<ConfigMap>;
}

/** A running controller. It reacts to its caches until stopped. */
export interface Controller {
  stop(): void;
}

export interface CacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for retries. */
  readonly jitter: () => number;
}

/** Informers over all namespaces; they do nothing until run. */
export const createCaches = (options: CacheOptions): ControllerCaches => {
  const over = <T extends KubeObject>(resource: Resource): Informer<T> =>
    new Informer<T>({ ...options, resource });
  return {
    deployments: over(resources.deployments),
    replicaSets: over(resources.replicaSets),
    pods: over(resources.pods),
    services: over(resources.services),
    endpoints: over(resources.endpoints),
    endpointSlices: over(resources.endpointSlices),
    namespaces: over(resources.namespaces),
    serviceAccounts: over(resources.serviceAccounts),
    configMaps: over(resources.configMaps),
  };
};
