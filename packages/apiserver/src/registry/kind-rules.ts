import type { CustomResourceDefinition, KubeObject, Pod } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import { checkRoleBinding, checkWorkload } from './workload-rules.ts';

type Loose = Readonly<Record<string, unknown>>;

/** What a kind does beyond its schema: the strategies of Kubernetes' own registry, as data. */
export interface KindRules {
  /** Fills in what depends on other fields, at creation and update. */
  readonly complete?: (object: KubeObject) => KubeObject;
  /** What is wrong with a new object, or with the next state of an old one, beyond its schema. */
  readonly check?: (object: KubeObject, old: KubeObject | undefined) => readonly Diagnostic[];
  /** Status of a new object. */
  readonly initialStatus?: (object: KubeObject) => Loose;
  /** Seconds to wait for a clean end before removal; 0 removes at once. */
  readonly graceSeconds?: (object: KubeObject) => number;
}

/** Manifests before apps/v1 leave the selector out: it is the template's labels. */
const completeWorkload = (object: KubeObject): KubeObject => {
  const spec = (object.spec ?? {}) as Loose;
  const template = spec['template'] as { metadata?: { labels?: Loose } } | undefined;
  const labels = template?.metadata?.labels;
  if (spec['selector'] !== undefined || labels === undefined) return object;
  const metadata =
    object.metadata.labels === undefined
      ? { ...object.metadata, labels: labels as Readonly<Record<string, string>> }
      : object.metadata;
  return { ...object, metadata, spec: { ...spec, selector: { matchLabels: labels } } };
};

/** A pod on a node is ended by its kubelet; one nowhere, or ended, needs no wait. */
const podGraceSeconds = (object: KubeObject): number => {
  const { spec, status } = object as Pod;
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return spec?.nodeName === undefined || ended ? 0 : (spec.terminationGracePeriodSeconds ?? 30);
};

/** `Secret.stringData` is write-only: it becomes base64 in `data`. */
const completeSecret = (object: KubeObject): KubeObject => {
  const { stringData, ...rest } = object as KubeObject & {
    stringData?: Readonly<Record<string, string>>;
    data?: Readonly<Record<string, string>>;
  };
  if (stringData === undefined) return object;
  const encoded = Object.entries(stringData).map(
    ([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')] as const,
  );
  return { ...rest, data: { ...rest.data, ...Object.fromEntries(encoded) } } as KubeObject;
};

/** A CRD that passed validation is served at once. */
const acceptedDefinition = (object: KubeObject): Loose => {
  const { spec, metadata } = object as CustomResourceDefinition;
  const condition = (type: string, reason: string, message: string): Loose => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: metadata.creationTimestamp,
  });
  return {
    acceptedNames: spec.names,
    storedVersions: spec.versions.filter(({ storage }) => storage).map(({ name }) => name),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
  };
};

const rules: Readonly<Record<string, KindRules>> = {
  '/apps/deployments/': { complete: completeWorkload, check: checkWorkload },
  '/apps/replicasets/': { complete: completeWorkload, check: checkWorkload },
  '/rbac.authorization.k8s.io/rolebindings/': { check: checkRoleBinding },
  '/rbac.authorization.k8s.io/clusterrolebindings/': { check: checkRoleBinding },
  '//secrets/': { complete: completeSecret },
  '//pods/': {
    graceSeconds: podGraceSeconds,
    initialStatus: () => ({ phase: 'Pending', qosClass: 'BestEffort' }),
  },
  '//namespaces/': { initialStatus: () => ({ phase: 'Active' }) },
  '/apiextensions.k8s.io/customresourcedefinitions/': { initialStatus: acceptedDefinition },
};

/** Rules by store prefix; kinds without an entry have none. */
export const rulesOf = (storePrefix: string): KindRules => rules[storePrefix] ?? {};
