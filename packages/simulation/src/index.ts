export { type Caller, type CallerOptions, type FoundCaller, findCaller } from './caller.ts';
export type { SimulatedClient } from './client.ts';
export { type AskedMesh, askedMesh, type ClusterObjects } from './cluster-objects.ts';
export type { RunningConfiguration } from './compiled-proxy.ts';
export { askedProviders, denialReason } from './denial-reason.ts';
export { meshInputs, simulatedKinds } from './mesh-objects.ts';
export { completeCluster } from './offline-cluster.ts';
export {
  parseRequest,
  type RequestText,
  repeatedHeaders,
  type SimulatedRequest,
} from './request.ts';
export type { Locate } from './rule-origin.ts';
export { type Reason, type Sentence, sentenceText } from './sentence.ts';
export { simulate } from './simulate.ts';
export type * from './simulation.ts';
export type { ClusterTrust, SimulatedCluster, SimulationInput } from './simulation-input.ts';
