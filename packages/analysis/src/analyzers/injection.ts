import type { Namespace, Pod } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, fullName, namespaceOf } from '../context/analysis-context.ts';
import { isSystemNamespace } from '../context/label-text.ts';
import { hasProxy } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import {
  namespaceMultipleInjectionLabels,
  namespaceNotInjected,
  podMissingProxy,
} from '../message.ts';

const injectionLabel = 'istio-injection';
const revisionLabel = 'istio.io/rev';
const dataplaneLabel = 'istio.io/dataplane-mode';
const injectKey = 'sidecar.istio.io/inject';

/** Labels that say how a namespace is in the mesh; more than one contradict each other. */
const modes = ({ metadata: { labels = {} } }: Namespace): readonly string[] =>
  [injectionLabel, revisionLabel, dataplaneLabel].filter(
    (key) => Object.hasOwn(labels, key) && labels[key] !== '' && labels[key] !== 'none',
  );

const checkNamespace = (namespace: Namespace): readonly Finding[] => {
  const labels = modes(namespace);
  if (labels.length === 0) {
    const message = namespaceNotInjected(namespace.metadata.name);
    return [finding(namespace, message, 'metadata.name')];
  }
  return labels.length > 1
    ? [finding(namespace, namespaceMultipleInjectionLabels(labels), 'metadata.labels')]
    : [];
};

const isInjected = (namespace: Namespace | undefined): boolean => {
  const labels = namespace?.metadata.labels;
  return labels?.[injectionLabel] === 'enabled' || (labels?.[revisionLabel] ?? '') !== '';
};

const wantsNone = ({ metadata, spec }: Pod): boolean =>
  spec.hostNetwork === true ||
  (metadata.labels?.[injectKey] ?? metadata.annotations?.[injectKey])?.toLowerCase() === 'false';

const lacksProxy = (pod: Pod, context: AnalysisContext): boolean =>
  isInjected(context.namespaces.get(namespaceOf(pod))) &&
  namespaceOf(pod) !== context.rootNamespace &&
  !wantsNone(pod) &&
  !hasProxy([...pod.spec.containers, ...(pod.spec.initContainers ?? [])]);

/** Namespaces say whether they are in the mesh, and their pods have proxies. */
export const injection: Analyzer = {
  name: 'injection.Analyzer',
  description: 'Checks conditions related to Istio sidecar injection',
  analyze: (context) => [
    ...[...context.namespaces.values()]
      .filter(
        ({ metadata: { name } }) => name !== context.rootNamespace && !isSystemNamespace(name),
      )
      .flatMap(checkNamespace),
    ...context.pods
      .filter((pod) => lacksProxy(pod, context))
      .map((pod) => finding(pod, podMissingProxy(fullName(pod)), 'metadata.name')),
  ],
};
