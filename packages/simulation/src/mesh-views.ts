import type { KubeObject } from '@lateen/api';
import { buildPushContext, type MeshInputs, type PushContext } from '@lateen/translator';
import { defaultClusterId, podsOfCluster } from './mesh-registry.ts';
import type { Locate } from './rule-origin.ts';
import type { ClusterTrust, SimulatedCluster, SimulationInput } from './simulation-input.ts';

/** A cluster as the control plane sees it that its proxies are configured by. */
export interface MeshView {
  readonly clusterId: string;
  readonly inputs: MeshInputs;
  readonly push: PushContext;
  readonly locate: Locate;
  readonly trust: ClusterTrust | undefined;
}

/** The clusters of a question. */
export interface MeshViews {
  /** The caller's. */
  readonly own: MeshView;
  /** Those whose rules are known, without the caller's. */
  readonly others: readonly MeshView[];
  /** Whether clusters need to be told apart at all. */
  readonly areSeveral: boolean;
}

const nowhere: Locate = () => undefined;

const pushes = new WeakMap<MeshInputs, PushContext>();

const pushOf = (inputs: MeshInputs): PushContext => {
  const push = pushes.get(inputs) ?? buildPushContext(inputs);
  pushes.set(inputs, push);
  return push;
};

const viewOf = ({ inputs, clusterId, locate = nowhere, trust }: SimulatedCluster): MeshView => ({
  clusterId: clusterId ?? inputs.clusterId ?? defaultClusterId,
  inputs,
  // Made when somebody comes by: most questions never leave the caller's cluster.
  get push() {
    return pushOf(inputs);
  },
  locate,
  trust,
});

/** Sorts out who is who: another cluster of the caller's name is not another one. */
export const meshViews = (input: SimulationInput): MeshViews => {
  const { inputs, push = pushOf(inputs), locate = nowhere, clusters = [], trust } = input;
  const clusterId = input.clusterId ?? inputs.clusterId ?? defaultClusterId;
  const others = clusters.map(viewOf).filter((one) => one.clusterId !== clusterId);
  const areSeveral = others.length > 0 || (inputs.remoteClusters ?? []).length > 0;
  return { own: { clusterId, inputs, push, locate, trust }, others, areSeveral };
};

/** The same clusters as one of them sees them. */
export const viewsFrom = ({ own, others, areSeveral }: MeshViews, view: MeshView): MeshViews => ({
  own: view,
  others: [own, ...others].filter(({ clusterId }) => clusterId !== view.clusterId),
  areSeveral,
});

/** The cluster of an id; undefined: what its proxies are told is not known. */
export const viewNamed = ({ own, others }: MeshViews, clusterId: string): MeshView | undefined =>
  [own, ...others].find((one) => one.clusterId === clusterId);

/** Pods of a cluster as `view` has them or, where that does not read it, as the cluster itself has. */
export const podsSeenBy = (
  view: MeshView,
  views: MeshViews,
  clusterId: string,
): readonly KubeObject[] => {
  const other = viewNamed(views, clusterId);
  return (
    podsOfCluster(view.inputs, clusterId) ??
    (other === undefined ? undefined : podsOfCluster(other.inputs, clusterId)) ??
    []
  );
};
