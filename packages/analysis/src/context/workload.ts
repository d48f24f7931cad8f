import type { Container, Deployment, Labels, Namespace, Pod } from '@lateen/api';

/** Something that runs, or will: a pod, or the template of a Deployment that is in no cluster yet. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  /** Whether it has a proxy, or will get one. */
  readonly inMesh: boolean;
  /** Node the pod is on. */
  readonly nodeName: string | undefined;
}

const proxyName = 'istio-proxy';
const injectKey = 'sidecar.istio.io/inject';

/** What decides about the proxy: istioctl's `inMesh`. */
export interface InjectionFacts {
  readonly labels: Labels | undefined;
  readonly annotations: Labels | undefined;
  readonly containers: readonly Container[];
  readonly namespace: Namespace | undefined;
}

/** Whether a container list holds the proxy. */
export const hasProxy = (containers: readonly Container[]): boolean =>
  containers.some(({ name }) => name === proxyName);

/** The pod's own label, then its annotation, then its namespace's label decide, unless the proxy is there already. */
export const isInMesh = (facts: InjectionFacts): boolean => {
  if (hasProxy(facts.containers)) return true;
  const own = facts.labels?.[injectKey] ?? facts.annotations?.[injectKey];
  if (own !== undefined) return own === 'true';
  const labels = facts.namespace?.metadata.labels;
  return labels?.['istio-injection'] === 'enabled' || labels?.['istio.io/rev'] !== undefined;
};

const podContainers = ({ spec }: Pod): readonly Container[] => [
  ...spec.containers,
  ...(spec.initContainers ?? []),
];

/** A pod. */
export const workloadOfPod = (pod: Pod, namespace: Namespace | undefined): Workload => ({
  name: pod.metadata.name,
  namespace: pod.metadata.namespace ?? '',
  labels: pod.metadata.labels ?? {},
  inMesh: isInMesh({
    labels: pod.metadata.labels,
    annotations: pod.metadata.annotations,
    containers: podContainers(pod),
    namespace,
  }),
  nodeName: pod.spec.nodeName,
});

/** Facts of the pods a Deployment makes. */
export const deploymentFacts = (
  { spec }: Deployment,
  namespace: Namespace | undefined,
): InjectionFacts => ({
  labels: spec.template.metadata?.labels,
  annotations: spec.template.metadata?.annotations,
  containers: spec.template.spec?.containers ?? [],
  namespace,
});

/** The pods a Deployment will make, when no cluster has it yet; else its pods speak for themselves. */
export const workloadOfDeployment = (
  deployment: Deployment,
  namespace: Namespace | undefined,
): Workload | undefined =>
  deployment.metadata.uid === undefined
    ? {
        name: deployment.metadata.name,
        namespace: deployment.metadata.namespace ?? '',
        labels: deployment.spec.template.metadata?.labels ?? {},
        inMesh: isInMesh(deploymentFacts(deployment, namespace)),
        nodeName: undefined,
      }
    : undefined;
