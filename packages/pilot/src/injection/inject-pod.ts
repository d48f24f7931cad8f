import type { Namespace, Pod } from '@lateen/api';
import type { Checked } from '@lateen/base';
import { decideInjection } from './injection-decision.ts';
import { defaultInjectionOptions, type InjectionOptions } from './injection-options.ts';
import {
  initContainer,
  initContainerName,
  mergedMetricsPort,
  proxyContainer,
  proxyContainerName,
} from './proxy-container.ts';
import { proxyMetadata } from './proxy-metadata.ts';
import { proxyVolumes } from './proxy-volumes.ts';
import { canonicalService, workloadIdentity } from './workload-identity.ts';

/** Network of a pod, by which endpoints of other networks are told apart. */
const networkLabel = 'topology.istio.io/network';

/**
 * The pod with its proxy, or the very same pod when it gets none or has one. Pure and idempotent: for
 * use as an admission step, and offline on manifests. `namespace` is undefined when it is not known.
 */
export const injectPod = (
  pod: Pod,
  namespace: Namespace | undefined,
  options: InjectionOptions = defaultInjectionOptions,
): Checked<Pod> => {
  const { isInjected, diagnostics } = decideInjection(pod, namespace, options.revision);
  const hasProxy = pod.spec.containers.some(({ name }) => name === proxyContainerName);
  if (!isInjected || hasProxy) return { value: pod, diagnostics };
  const identity = workloadIdentity(pod);
  const labels = pod.metadata.labels ?? {};
  const canonical = canonicalService(labels, identity.name);
  const redirects = options.interception === 'REDIRECT';
  const value: Pod = {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...labels,
        'istio.io/rev': options.revision,
        'security.istio.io/tlsMode': labels['security.istio.io/tlsMode'] ?? 'istio',
        'service.istio.io/canonical-name': canonical.name,
        'service.istio.io/canonical-revision': canonical.revision,
        ...(options.network !== undefined && {
          [networkLabel]: labels[networkLabel] ?? options.network,
        }),
      },
      annotations: annotationsOf(pod, options),
    },
    spec: {
      ...pod.spec,
      ...(redirects && {
        initContainers: [...(pod.spec.initContainers ?? []), initContainer(pod, options)],
      }),
      containers: [...pod.spec.containers, proxyContainer(pod, identity, options)],
      volumes: [...(pod.spec.volumes ?? []), ...proxyVolumes],
    },
  };
  return { value, diagnostics: [...diagnostics, ...proxyMetadata(pod).diagnostics] };
};

/** What the user set stays; `prometheus.io/scrape: "false"` also keeps the proxy's metrics out. */
const annotationsOf = (
  { metadata, spec }: Pod,
  { revision, interception }: InjectionOptions,
): Readonly<Record<string, string>> => {
  const before = metadata.annotations ?? {};
  const app = spec.containers[0]?.name;
  const status = {
    initContainers: interception === 'REDIRECT' ? [initContainerName] : null,
    containers: [proxyContainerName],
    volumes: proxyVolumes.map(({ name }) => name),
    imagePullSecrets: null,
    revision,
  };
  return {
    ...(app !== undefined && {
      'kubectl.kubernetes.io/default-container': app,
      'kubectl.kubernetes.io/default-logs-container': app,
    }),
    ...before,
    ...(before['prometheus.io/scrape'] !== 'false' && {
      'prometheus.io/path': '/stats/prometheus',
      'prometheus.io/port': String(mergedMetricsPort),
      'prometheus.io/scrape': 'true',
    }),
    'sidecar.istio.io/status': JSON.stringify(status),
  };
};
