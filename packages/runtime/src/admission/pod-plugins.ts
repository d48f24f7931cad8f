import type { Namespace, Pod } from '@lateen/api';
import type { AdmissionPlugin } from '@lateen/apiserver';
import { isKubeError, type KubeClient, resources } from '@lateen/kube';
import { decideInjection, type InjectionOptions, injectPod } from '@lateen/pilot';
import type { AdmissionMetrics } from './admission-metrics.ts';

const isNewPod = (request: {
  readonly operation: string;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string | undefined;
}): boolean =>
  request.operation === 'CREATE' &&
  request.group === '' &&
  request.plural === 'pods' &&
  request.subresource === undefined;

/** Kubernetes' ServiceAccount admission, the part that fills in the name. */
export const serviceAccountPlugin: AdmissionPlugin = {
  name: 'service-account',
  admit: (request) => {
    const pod = request.object as Pod;
    if (!isNewPod(request)) return {};
    const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
    const spec = { ...pod.spec, serviceAccountName: name, serviceAccount: name };
    return { object: { ...pod, spec } };
  },
};

/** Istio's injector: the proxy container for pods of namespaces that want it. */
export const injectionPlugin = (
  client: () => KubeClient,
  options: InjectionOptions,
  metrics: AdmissionMetrics,
): AdmissionPlugin => ({
  name: 'sidecar-injector',
  admit: async (request) => {
    if (!isNewPod(request)) return {};
    const pod = request.object as Pod;
    const namespace = await readNamespace(client, request.namespace).catch((error: unknown) => {
      metrics.injectionRequests.add(1);
      metrics.injectionFailures.add(1);
      throw error;
    });
    const { value, diagnostics } = injectPod(pod, namespace, options);
    if (decideInjection(pod, namespace, options.revision).isAsked) {
      metrics.injectionRequests.add(1);
      (value === pod ? metrics.injectionSkips : metrics.injectionSuccesses).add(1);
    }
    const warnings = diagnostics.map(({ message, path }) => `${path ?? 'pod'}: ${message}`);
    return { ...(value !== undefined && { object: value }), warnings };
  },
});

/** Read anew and not from a cache: a label set a moment ago counts for the pod made now. */
const readNamespace = async (
  client: () => KubeClient,
  name: string | undefined,
): Promise<Namespace | undefined> => {
  if (name === undefined) return undefined;
  try {
    return await client().get<Namespace>(resources.namespaces, { name });
  } catch (error) {
    if (isKubeError(error, 'not-found')) return undefined;
    throw error;
  }
};
