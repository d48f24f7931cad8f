import type { Namespace, Pod } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';

const injectKey = 'sidecar.istio.io/inject';
const namespaceKey = 'istio-injection';
const revisionKey = 'istio.io/rev';

/** Namespaces that never get proxies, as in Istio: the cluster must be able to heal itself without. */
const systemNamespaces: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
]);

/** Whether a pod gets a proxy, and why not. */
export interface InjectionDecision {
  readonly isInjected: boolean;
  /** Labels of the namespace or of the pod ask for a proxy: Istio's webhook would be called. */
  readonly isAsked: boolean;
  /** One line for people: `namespace "x" is not labelled for injection`. */
  readonly reason: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Istio's rules, the namespace selectors of its webhook and the policy of its injector together. The
 * pod's label beats its annotation; a namespace that says `disabled` beats both.
 */
export const decideInjection = (
  pod: Pod,
  namespace: Namespace | undefined,
  revision: string,
): InjectionDecision => {
  const name = namespace?.metadata.name ?? pod.metadata.namespace ?? '';
  const wish = wishOf(pod);
  const selected = selectedByLabels(pod, { namespace, name, revision, wish: wish.value });
  const { diagnostics } = wish;
  const isAsked = selected.isInjected && wish.value !== 'no-by-label';
  const refused = (reason: string): InjectionDecision => ({
    ...{ isInjected: false, isAsked, reason, diagnostics },
  });
  if (pod.spec.hostNetwork === true) return refused('the pod uses the network of its host');
  if (systemNamespaces.has(name)) return refused(`${name} is a system namespace`);
  if (wish.value.startsWith('no-')) return refused(`${injectKey} of the pod says no`);
  return { ...selected, isAsked, diagnostics };
};

type Selection = Pick<InjectionDecision, 'isInjected' | 'reason'>;

interface SelectionInput {
  readonly namespace: Namespace | undefined;
  readonly name: string;
  readonly revision: string;
  readonly wish: Wish;
}

const selectedByLabels = (
  pod: Pod,
  { namespace, name, revision, wish }: SelectionInput,
): Selection => {
  const selected = selectedByNamespace(namespace?.metadata.labels ?? {}, revision);
  if (selected !== undefined) return selected;
  // The webhook can select by label only: an annotation alone does not reach it.
  const podRevision = pod.metadata.labels?.[revisionKey];
  if (podRevision === revision)
    return { isInjected: true, reason: `the pod is labelled ${revisionKey}` };
  if (wish === 'yes-by-label' && podRevision === undefined)
    return { isInjected: true, reason: `the pod is labelled ${injectKey}` };
  return { isInjected: false, reason: `namespace "${name}" is not labelled for injection` };
};

const selectedByNamespace = (
  labels: Readonly<Record<string, string>>,
  revision: string,
): Selection | undefined => {
  const injection = labels[namespaceKey];
  if (injection === 'enabled')
    return { isInjected: true, reason: `the namespace is labelled ${namespaceKey}=enabled` };
  if (injection !== undefined)
    return { isInjected: false, reason: `the namespace is labelled ${namespaceKey}=${injection}` };
  const namespaceRevision = labels[revisionKey];
  if (namespaceRevision === undefined) return undefined;
  return namespaceRevision === revision
    ? { isInjected: true, reason: `the namespace is labelled ${revisionKey}=${revision}` }
    : { isInjected: false, reason: `revision ${namespaceRevision} injects this namespace` };
};

type Wish = 'yes-by-label' | 'yes-by-annotation' | 'no-by-label' | 'no-by-annotation' | 'none';

const affirmative: ReadonlySet<string> = new Set(['y', 'yes', 'true', 'on']);
const negative: ReadonlySet<string> = new Set(['n', 'no', 'false', 'off']);

/** Anything that is not a yes is a no, as in Istio; what is neither is reported. */
const wishOf = ({
  metadata,
}: Pod): { readonly value: Wish; readonly diagnostics: readonly Diagnostic[] } => {
  const byLabel = metadata.labels?.[injectKey];
  const text = (byLabel ?? metadata.annotations?.[injectKey] ?? '').toLowerCase();
  if (text === '') return { value: 'none', diagnostics: [] };
  const [by, holder] =
    byLabel === undefined
      ? (['by-annotation', 'annotations'] as const)
      : (['by-label', 'labels'] as const);
  if (affirmative.has(text)) return { value: `yes-${by}`, diagnostics: [] };
  if (negative.has(text)) return { value: `no-${by}`, diagnostics: [] };
  return {
    value: `no-${by}`,
    diagnostics: [
      {
        severity: 'warning',
        code: 'InjectValueInvalid',
        path: `metadata.${holder}["${injectKey}"]`,
        message: `"${text}" counts as "false"; write "true" or "false"`,
      },
    ],
  };
};
