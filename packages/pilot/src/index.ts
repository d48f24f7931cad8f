export { type DebounceDelays, defaultConfigDelays, defaultEndpointDelays } from './debounce.ts';
export { type ComparedCluster, findConflicts } from './ingest/cluster-conflicts.ts';
export { rootsInForce } from './ingest/foreign-roots.ts';
export { readMeshConfigText } from './ingest/mesh-config-text.ts';
export type { RemoteClusterStatus } from './ingest/remote-clusters.ts';
export {
  type RemoteSecretEntry,
  remoteSecretEntries,
  remoteSecretLabel,
} from './ingest/remote-secret.ts';
export { injectPod } from './injection/inject-pod.ts';
export { decideInjection, type InjectionDecision } from './injection/injection-decision.ts';
export {
  defaultInjectionOptions,
  type InjectedInterception,
  type InjectionOptions,
} from './injection/injection-options.ts';
export { proxyVolumeMounts, proxyVolumes } from './injection/proxy-volumes.ts';
export type { Pilot, PilotOptions } from './pilot.ts';
export { PilotError, type PilotErrorCode } from './pilot-error.ts';
export { startPilot } from './start-pilot.ts';
export {
  formatProxyStatus,
  type ProxyStatusRow,
  proxyStatusRows,
  type SyncWord,
} from './status/proxy-status.ts';
export type { SyncStatus } from './status/syncz.ts';
