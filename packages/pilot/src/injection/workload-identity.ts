import type { Pod } from '@lateen/api';

/** What stands behind a pod: the object people know it by. */
export interface WorkloadIdentity {
  /** Name of the Deployment, StatefulSet, Job ..., or of the pod itself. */
  readonly name: string;
  /** `kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v1` (node metadata OWNER). */
  readonly owner: string;
}

const hashLabel = 'pod-template-hash';

/** A ReplicaSet made by a Deployment is called after it and its template's hash. */
export const workloadIdentity = (pod: Pod): WorkloadIdentity => {
  const { metadata } = pod;
  const namespace = metadata.namespace ?? 'default';
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller === undefined) {
    const name = metadata.name ?? metadata.generateName?.replace(/-+$/, '') ?? '';
    return { name, owner: `kubernetes://apis/v1/namespaces/${namespace}/pods/${name}` };
  }
  const hash = metadata.labels?.[hashLabel];
  const isFromDeployment =
    controller.kind === 'ReplicaSet' && hash !== undefined && controller.name.endsWith(`-${hash}`);
  const kind = isFromDeployment ? 'Deployment' : controller.kind;
  const name = isFromDeployment ? controller.name.slice(0, -(hash.length + 1)) : controller.name;
  const path = `${controller.apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
  return { name, owner: `kubernetes://apis/${path}` };
};

const canonicalNameLabel = 'service.istio.io/canonical-name';
const canonicalRevisionLabel = 'service.istio.io/canonical-revision';

/** Istio's canonical service of a workload: what metrics and graphs call it. */
export interface CanonicalService {
  readonly name: string;
  readonly revision: string;
}

/** From the labels people set anyway; revision `latest` when they say nothing. */
export const canonicalService = (
  labels: Readonly<Record<string, string>>,
  workloadName: string,
): CanonicalService => ({
  name:
    labels[canonicalNameLabel] ?? labels['app.kubernetes.io/name'] ?? labels['app'] ?? workloadName,
  revision:
    labels[canonicalRevisionLabel] ??
    labels['app.kubernetes.io/version'] ??
    labels['version'] ??
    'latest',
});
