/** How traffic of the app reaches the proxy. */
export type InjectedInterception =
  /** The app is told to use it (`HTTP_PROXY`); nothing is redirected. */
  | 'NONE'
  /** An init container `istio-init` redirects by netfilter. */
  | 'REDIRECT';

/** What the injector puts into pods. */
export interface InjectionOptions {
  /** Image of the proxy. The pod's annotation `sidecar.istio.io/proxyImage` wins. */
  readonly proxyImage: string;
  /** Value of the label `istio.io/rev`. */
  readonly revision: string;
  readonly interception: InjectedInterception;
  /** Node metadata CLUSTER_ID. */
  readonly clusterId: string;
  /** Node metadata NETWORK, and label `topology.istio.io/network` of pods; absent: one network for all. */
  readonly network?: string;
  /** Node metadata MESH_ID. */
  readonly meshId: string;
  readonly trustDomain: string;
}

/** Of the local runtime on the loopback network. */
export const defaultInjectionOptions: InjectionOptions = {
  proxyImage: 'lateen/proxyv2:0.1.0',
  revision: 'default',
  interception: 'NONE',
  clusterId: 'Kubernetes',
  meshId: 'cluster.local',
  trustDomain: 'cluster.local',
};
