import type { Config } from '../input/config.ts';
import type { Pod } from '../input/core.ts';
import type { Locality } from '../proxy/locality.ts';
import { parseLocality } from '../proxy/locality.ts';

/** A pod as the mesh sees it. */
export interface Workload {
  readonly podName: string;
  readonly namespace: string;
  /** Name of the Deployment or other controller. */
  readonly name: string;
  readonly address: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly serviceAccount: string;
  readonly locality: Locality;
  /** Container port by name, for named target ports. */
  readonly namedPorts: ReadonlyMap<string, number>;
}

const hashLabel = 'pod-template-hash';

/** Istio's `GetDeployMetaFromPod`: a ReplicaSet of a Deployment loses its template hash. */
const controllerName = (config: Config<Pod>): string => {
  const owner = config.spec.metadata.ownerReferences.find((entry) => entry.controller === true);
  if (owner?.name === undefined) return config.name;
  const hash = config.labels.get(hashLabel);
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return owner.name.slice(0, -hash.length - 1);
  }
  return owner.name;
};

const nodeLocality = (labels: ReadonlyMap<string, string> | undefined): Locality => ({
  region: labels?.get('topology.kubernetes.io/region') ?? '',
  zone: labels?.get('topology.kubernetes.io/zone') ?? '',
  subZone: labels?.get('topology.istio.io/subzone') ?? '',
});

/** Label `istio-locality` (`region.zone.subzone`) beats the node's topology labels. */
const localityOf = (
  config: Config<Pod>,
  nodes: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Locality => {
  const label = config.labels.get('istio-locality');
  if (label !== undefined && label !== '') return parseLocality(label.replaceAll('.', '/'));
  return nodeLocality(nodes.get(config.spec.spec.nodeName ?? ''));
};

/** `nodes`: labels by node name. */
export const workloadOf = (
  config: Config<Pod>,
  nodes: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Workload => {
  const namedPorts = new Map<string, number>();
  for (const container of config.spec.spec.containers) {
    for (const { name, containerPort } of container.ports) {
      if (name !== undefined && containerPort !== undefined) namedPorts.set(name, containerPort);
    }
  }
  return {
    podName: config.name,
    namespace: config.namespace,
    name: controllerName(config),
    address: config.spec.status.podIP ?? '',
    labels: config.labels,
    serviceAccount: config.spec.spec.serviceAccountName ?? 'default',
    locality: localityOf(config, nodes),
    namedPorts,
  };
};

/** Istio's canonical service of a workload: what dashboards group by. */
export const canonicalService = (
  labels: ReadonlyMap<string, string>,
  workloadName: string,
): string =>
  labels.get('service.istio.io/canonical-name') ??
  labels.get('app.kubernetes.io/name') ??
  labels.get('app') ??
  workloadName;

/** Istio's canonical revision; `latest` when no label says. */
export const canonicalRevision = (labels: ReadonlyMap<string, string>): string =>
  labels.get('service.istio.io/canonical-revision') ??
  labels.get('app.kubernetes.io/version') ??
  labels.get('version') ??
  'latest';

/** Whether `labels` carry every pair of `selector`. An empty selector selects all. */
export const selects = (
  selector: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, string>,
): boolean => {
  for (const [key, value] of selector) if (labels.get(key) !== value) return false;
  return true;
};
