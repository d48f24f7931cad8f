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

/**
 * Whether clients in plaintext are refused at every port of a workload: the oldest policy for it, for its
 * namespace, for the mesh decides, the next one where it leaves the mode open.
 */
export const isStrict = (workload: Workload, context: AnalysisContext): boolean => {
  const { namespace } = workload;
  const policies = oldestFirst(context.peerAuthentications);
  const own = policies.find((one) => selectsWorkload(one, workload));
  const wide = (place: string) =>
    policies.find((one) => isForNamespace(one) && namespaceOf(one) === place);
  const mode =
    modeOf(own?.spec?.mtls) ??
    modeOf(wide(namespace)?.spec?.mtls) ??
    modeOf(wide(context.rootNamespace)?.spec?.mtls);
  const ports = Object.values(own?.spec?.portLevelMtls ?? {}).map(modeOf);
  return mode === 'STRICT' && ports.every((port) => port === undefined || port === 'STRICT');
};
