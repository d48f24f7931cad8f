import type { UpstreamTransport } from '@lateen/routing';
import type { CallerOptions } from './caller.ts';
import type { Sender } from './hop-view.ts';
import { workloadsOf } from './mesh-registry.ts';
import { type MeshView, type MeshViews, viewNamed } from './mesh-views.ts';
import type { SimulatedDestination, SimulatedEndpoint, Simulation } from './simulation.ts';
import type { SimulationInput } from './simulation-input.ts';

/** A question with the clusters it may lead into. */
export interface FollowedInput extends SimulationInput {
  readonly views: MeshViews;
  /**
   * What the gateway at an endpoint makes of the request; undefined: none is there. Absent: the request has
   * gone through so many that it is followed no further.
   */
  readonly relay?: (hop: Hop) => Simulation | undefined;
}

/** From one proxy to an endpoint. */
export interface Hop {
  readonly destination: SimulatedDestination;
  readonly endpoint: SimulatedEndpoint;
  readonly transport: UpstreamTransport;
  readonly sender: Sender;
  readonly input: FollowedInput;
}

/** Id of the cluster that an endpoint is in. */
export const clusterOfEndpoint = (
  { clusterId }: SimulatedEndpoint,
  { views }: FollowedInput,
): string => clusterId ?? views.own.clusterId;

/** How proxies of a cluster are found. */
export const optionsIn = (
  { push, inputs, clusterId }: MeshView,
  { interceptionMode = 'REDIRECT', live = false, certificates = true }: FollowedInput,
): CallerOptions => ({ push, inputs, clusterId, interceptionMode, live, certificates });

/** Workload of the pod of an endpoint; the pod where nothing is known of it. */
export const workloadOfEndpoint = (endpoint: SimulatedEndpoint, input: FollowedInput): string => {
  const { views } = input;
  const clusterId = clusterOfEndpoint(endpoint, input);
  const { push } = viewNamed(views, clusterId) ?? views.own;
  return workloadsOf(push, clusterId).get(endpoint.pod)?.name ?? endpoint.pod;
};
