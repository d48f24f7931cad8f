export { type Caller, type CallerOptions, type FoundCaller, findCaller } from './caller.ts';
export { meshInputs, simulatedKinds } from './mesh-objects.ts';
export { completeCluster } from './offline-cluster.ts';
export { parseRequest, type RequestText, type SimulatedRequest } from './request.ts';
export type { Locate } from './rule-origin.ts';
export { type SimulationInput, simulate } from './simulate.ts';
export type * from './simulation.ts';
