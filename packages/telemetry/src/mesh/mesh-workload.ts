import type { Deployment, KubeObject, Pod } from '@lateen/api';

/** Pods of one controller, or a controller without pods. */
export interface MeshWorkload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Istio's canonical service and revision: what metrics say. */
  readonly app: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly pods: readonly Pod[];
  /** Wanted pods; undefined where there is no controller to say. */
  readonly desired: number | undefined;
  /** Every pod has a proxy; false without pods. */
  readonly hasProxy: boolean;
  readonly isGateway: boolean;
}

const proxyContainerName = 'istio-proxy';

/** The container of the proxy: beside the app, or as a native sidecar. */
export const proxyContainer = (pod: Pod): { readonly args?: readonly string[] } | undefined =>
  [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].find(
    ({ name }) => name === proxyContainerName,
  );

/** Whether a pod is ready, as its condition says. */
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') ===
  true;

/** Kind and name of what a pod belongs to; a Deployment's ReplicaSet counts as the Deployment. */
export const controllerOf = ({
  metadata,
}: Pod): { readonly kind: string; readonly name: string } => {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return { kind: 'Pod', name: metadata.name };
  const hash = metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  }
  return { kind: owner.kind, name: owner.name };
};

type Labels = Readonly<Record<string, string>>;

const appOf = (labels: Labels, name: string): string =>
  labels['service.istio.io/canonical-name'] ??
  labels['app.kubernetes.io/name'] ??
  labels['app'] ??
  name;

const versionOf = (labels: Labels): string =>
  labels['service.istio.io/canonical-revision'] ??
  labels['app.kubernetes.io/version'] ??
  labels['version'] ??
  'latest';

const isAlive = ({ status }: Pod): boolean =>
  status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

const ofPods = (
  pods: readonly Pod[],
  controllers: ReadonlyMap<string, Deployment>,
): MeshWorkload => {
  const [first] = pods as readonly [Pod, ...Pod[]];
  const { kind, name } = controllerOf(first);
  const { namespace = 'default', labels = {} } = first.metadata;
  const alive = pods.filter(isAlive);
  return {
    kind,
    namespace,
    name,
    app: appOf(labels, name),
    version: versionOf(labels),
    labels,
    serviceAccount: first.spec.serviceAccountName ?? 'default',
    pods: alive,
    desired: controllers.get(`${kind}/${namespace}/${name}`)?.spec?.replicas,
    hasProxy: alive.length > 0 && alive.every((pod) => proxyContainer(pod) !== undefined),
    isGateway: alive.some((pod) => proxyContainer(pod)?.args?.includes('router') === true),
  };
};

const ofController = ({ kind, metadata, spec }: Deployment): MeshWorkload => {
  const { name, namespace = 'default' } = metadata;
  const labels = spec?.template?.metadata?.labels ?? {};
  return {
    kind,
    namespace,
    name,
    app: appOf(labels, name),
    version: versionOf(labels),
    labels,
    serviceAccount: spec?.template?.spec?.serviceAccountName ?? 'default',
    pods: [],
    desired: spec?.replicas ?? 1,
    hasProxy: false,
    isGateway: false,
  };
};

/** Workloads by `namespace/name`. Controllers: Deployments, StatefulSets, DaemonSets. */
export const meshWorkloads = (
  pods: readonly Pod[],
  controllers: readonly KubeObject[],
): ReadonlyMap<string, MeshWorkload> => {
  const byName = new Map(
    (controllers as readonly Deployment[]).map((one) => [
      `${one.kind}/${one.metadata.namespace}/${one.metadata.name}`,
      one,
    ]),
  );
  const groups = Map.groupBy(pods, (pod) => `${pod.metadata.namespace}/${controllerOf(pod).name}`);
  const workloads = new Map<string, MeshWorkload>();
  for (const [key, group] of groups) workloads.set(key, ofPods(group, byName));
  for (const one of byName.values()) {
    const key = `${one.metadata.namespace}/${one.metadata.name}`;
    if (!workloads.has(key)) workloads.set(key, ofController(one));
  }
  return workloads;
};
