export { FakeKubeClient } from './fake-kube-client.ts';
export { createKubeClient, type KubeClientOptions } from './http-kube-client.ts';
export {
  Informer,
  type InformerChange,
  type InformerOptions,
  type ObjectCache,
} from './informer.ts';
export type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  ListResult,
  ObjectRef,
  PatchKind,
  PatchRequest,
  WatchEvent,
  WatchOptions,
} from './kube-client.ts';
export { isKubeError, KubeError, type KubeErrorCode, type KubeStatus } from './kube-error.ts';
export {
  type KubeConfigOptions,
  type KubeConnection,
  loadKubeConfig,
  parseKubeConfig,
} from './kubeconfig.ts';
export {
  apiVersionOf,
  type Resource,
  type ResourcePathParts,
  resourceOf,
  resourceOfKind,
  resourcePath,
  resources,
} from './resource.ts';
export { systemClock } from './system-clock.ts';
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts';
