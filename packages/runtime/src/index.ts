export { readMeshConfigText, remoteSecretEntries } from '@lateen/pilot';
export type { MeshMembership } from './bootstrap/mesh-membership.ts';
export { eyesSocketPath, prepareEyesSocket } from './bootstrap/pod-socket.ts';
export { publishTelemetry } from './bootstrap/telemetry-service.ts';
export { type Cluster, startCluster } from './cluster.ts';
export type { ClusterOptions, ProgressNote } from './cluster-options.ts';
export type { AddonEndpoints } from './images/addon-images.ts';
export { envoyImage, envoyProgram } from './images/envoy-program.ts';
export {
  type RemoteClusterRow,
  readProxyStatus,
  readRemoteClusters,
  readSentConfiguration,
} from './proxy-status.ts';
export { createRemoteSecret } from './remote-secret.ts';
export { RuntimeError, type RuntimeErrorCode } from './runtime-error.ts';
export {
  type MemberRecord,
  processStart,
  type RunRecord,
  readRunRecord,
  writeRunRecord,
} from './state/run-record.ts';
export { makeStateRoot, type StateFolder, stateFolderAt } from './state/state-folder.ts';
export { alreadyRunning, lockStateFolder } from './state/supervisor-lock.ts';
export { lateenVersion } from './version.ts';
