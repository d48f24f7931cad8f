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
  const verdict = (isInjected: boolean, reason: string): InjectionDecision => ({
    isInjected,
    reason,
    diagnostics: wish.diagnostics,
  });
  if (pod.spec.hostNetwork === true) return verdict(false, 'the pod uses the network of its host');
  if (systemNamespaces.has(name)) return verdict(false, `${name} is a system namespace`);
  if (wish.value === 'no') return verdict(false, `${injectKey} of the pod says no`);
  const labels = namespace?.metadata.labels ?? {};
  const selected = selectedByNamespace(labels, revision);
  if (selected !== undefined) return verdict(selected.isInjected, selected.reason);
  // The webhook can select by label only: an annotation alone does not reach it.
  const podRevision = pod.metadata.labels?.[revisionKey];
  if (podRevision === revision) return verdict(true, `the pod is labelled ${revisionKey}`);
  if (wish.value === 'yes-by-label' && podRevision === undefined)
    return verdict(true, `the pod is labelled ${injectKey}`);
  return verdict(false, `namespace "${name}" is not labelled for injection`);
};

const selectedByNamespace = (
  labels: Readonly<Record<string, string>>,
  revision: string,
): { readonly isInjected: boolean; readonly reason: string } | undefined => {
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

type Wish = 'yes-by-label' | 'yes-by-annotation' | 'no' | 'none';

const affirmative: ReadonlySet<string> = new Set(['y', 'yes', 'true', 'on']);
const negative: ReadonlySet<string> = new Set(['n', 'no', 'false', 'off']);

/** Anything that is not a yes is a no, as in Istio; what is neither is reported. */
const wishOf = ({
  metadata,
}: Pod): { readonly value: Wish; readonly diagnostics: readonly Diagnostic[] } => {
  const byLabel = metadata.labels?.[injectKey];
  const text = (byLabel ?? metadata.annotations?.[injectKey] ?? '').toLowerCase();
  if (text === '') return { value: 'none', diagnostics: [] };
  if (affirmative.has(text))
    return {
      value: byLabel === undefined ? 'yes-by-annotation' : 'yes-by-label',
      diagnostics: [],
    };
  if (negative.has(text)) return { value: 'no', diagnostics: [] };
  const holder = byLabel === undefined ? 'annotations' : 'labels';
  return {
    value: 'no',
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
