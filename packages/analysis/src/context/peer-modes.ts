import { hasLabels, type MutualTls, type PeerAuthentication } from '@lateen/api';
import { type AnalysisContext, namespaceOf } from './analysis-context.ts';
import type { Workload } from './workload.ts';

/** Labels a policy selects by; undefined: all workloads of its namespace. */
const selectorOf = ({ spec }: PeerAuthentication) => {
  const labels = spec?.selector?.matchLabels ?? {};
  return Object.keys(labels).length === 0 ? undefined : labels;
};

/** Whether a policy is for one workload, by its labels. */
export const selectsWorkload = (
  policy: PeerAuthentication,
  { namespace, labels }: Pick<Workload, 'namespace' | 'labels'>,
): boolean => {
  const selector = selectorOf(policy);
  return selector !== undefined && namespaceOf(policy) === namespace && hasLabels(labels, selector);
};

/** Whether a policy is for every workload of its namespace, or of the mesh. */
export const isForNamespace = (policy: PeerAuthentication): boolean =>
  selectorOf(policy) === undefined;

const age = ({ metadata }: PeerAuthentication): string => String(metadata.creationTimestamp ?? '');

/** Oldest first, as Istio counts them; then in the order they were read. */
export const oldestFirst = (
  policies: readonly PeerAuthentication[],
): readonly PeerAuthentication[] =>
  policies.toSorted((left, right) =>
    age(left) < age(right) ? -1 : Number(age(left) > age(right)),
  );

const modeOf = (mtls: MutualTls | undefined): string | undefined =>
  mtls?.mode === 'UNSET' ? undefined : mtls?.mode;

const policiesOf = (workload: Workload, context: AnalysisContext) => {
  const policies = oldestFirst(context.peerAuthentications);
  const wide = (place: string) =>
    policies.find((one) => isForNamespace(one) && namespaceOf(one) === place);
  return {
    own: policies.find((one) => selectsWorkload(one, workload)),
    namespace: wide(workload.namespace),
    mesh: wide(context.rootNamespace),
  };
};

/**
 * What a workload takes, ports apart: the oldest policy for it, for its namespace, for the mesh decides, the
 * next one where it leaves the mode open. Default PERMISSIVE.
 */
export const peerModeOf = (workload: Workload, context: AnalysisContext): string => {
  const { own, namespace, mesh } = policiesOf(workload, context);
  return (
    modeOf(own?.spec?.mtls) ??
    modeOf(namespace?.spec?.mtls) ??
    modeOf(mesh?.spec?.mtls) ??
    'PERMISSIVE'
  );
};

/** Whether clients in plaintext are refused at every port of a workload. */
export const isStrict = (workload: Workload, context: AnalysisContext): boolean => {
  const { own } = policiesOf(workload, context);
  const ports = Object.values(own?.spec?.portLevelMtls ?? {}).map(modeOf);
  return (
    peerModeOf(workload, context) === 'STRICT' &&
    ports.every((port) => port === undefined || port === 'STRICT')
  );
};
