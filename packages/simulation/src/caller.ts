import { hasLabels, type KubeObject } from '@lateen/api';
import type { Checked, Diagnostic } from '@lateen/base';
import {
  describeProxy,
  type InterceptionMode,
  type MeshInputs,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';
import { listOf, textOf, textsOf } from './field-access.ts';
import { defaultClusterId, networkOfPod, podsOfCluster, workloadsOf } from './mesh-registry.ts';
import { isRouter, proxyContainer } from './proxy-container.ts';

/** Whose proxy decides: a workload's on the way out or in, or a gateway's. */
export type Caller =
  | {
      readonly kind: 'outbound' | 'inbound';
      /** Pod, workload (Deployment) or label `app`; `namespace/name` where it is not unique. */
      readonly workload: string;
    }
  | {
      readonly kind: 'gateway';
      /** Name of a Gateway; `namespace/name` where it is not unique. */
      readonly gateway: string;
    };

/** A caller found: its proxy, and what stands out about it. */
export interface FoundCaller {
  readonly proxy: ProxyDescriptor;
  readonly pod: string;
  readonly workload: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Where to look. */
export interface CallerOptions {
  readonly push: PushContext;
  readonly inputs: MeshInputs;
  /** How sidecars get traffic where their pods do not say. */
  readonly interceptionMode: InterceptionMode;
  /** Pods without a proxy have none (a live cluster), instead of being about to get one. */
  readonly live: boolean;
  /** Proxies have certificates of the mesh, so mTLS needs no asking. Default false. */
  readonly certificates?: boolean;
  /** Whose proxies are looked at. Default: the cluster of `inputs`. */
  readonly clusterId?: string;
}

/** HTTP proxy port of sidecars without interception. */
const httpProxyPort = '15002';

/** So many names are listed when one is not found. */
const maxNames = 12;

type Pod = KubeObject;

const labelsOf = (pod: Pod): Readonly<Record<string, string>> => textsOf(pod, 'metadata', 'labels');

const clusterOf = ({ clusterId, inputs }: CallerOptions): string =>
  clusterId ?? inputs.clusterId ?? defaultClusterId;

const podsAround = (options: CallerOptions): readonly Pod[] =>
  podsOfCluster(options.inputs, clusterOf(options)) ?? options.inputs.pods;

const workloadName = (options: CallerOptions, { metadata }: Pod): string =>
  workloadsOf(options.push, clusterOf(options)).get(`${metadata.namespace}/${metadata.name}`)
    ?.name ?? metadata.name;

/** Node metadata that the pod's own environment gives its proxy. */
const metaVariable = (pod: Pod, name: string): string | undefined => {
  const variable = listOf(proxyContainer(pod), 'env').find(
    (entry) => textOf(entry, 'name') === `ISTIO_META_${name}`,
  );
  return textOf(variable, 'value');
};

const modeOf = (pod: Pod, fallback: InterceptionMode): InterceptionMode => {
  const mode = metaVariable(pod, 'INTERCEPTION_MODE');
  return mode === 'NONE' || mode === 'TPROXY' || mode === 'REDIRECT' ? mode : fallback;
};

const describe = (
  type: ProxyDescriptor['type'],
  pod: Pod,
  options: CallerOptions,
): Checked<FoundCaller> => {
  const { push, inputs, interceptionMode, certificates = false } = options;
  const clusterId = clusterOf(options);
  const { name, namespace = 'default' } = pod.metadata;
  const address = textOf(pod, 'status', 'podIP') ?? '0.0.0.0';
  const mode = modeOf(pod, interceptionMode);
  const workload = workloadName(options, pod);
  const { value: proxy, diagnostics } = describeProxy({
    id: `${type}~${address}~${name}.${namespace}~${namespace}.svc.${push.meshConfig.domainSuffix}`,
    cluster: `${workload}.${namespace}`,
    metadata: {
      NAMESPACE: namespace,
      NAME: name,
      LABELS: labelsOf(pod),
      WORKLOAD_NAME: workload,
      SERVICE_ACCOUNT: textOf(pod, 'spec', 'serviceAccountName') ?? 'default',
      INTERCEPTION_MODE: mode,
      CLUSTER_ID: metaVariable(pod, 'CLUSTER_ID') ?? clusterId,
      NETWORK: metaVariable(pod, 'NETWORK') ?? networkOfPod(inputs, clusterId, pod),
      DNS_CAPTURE: metaVariable(pod, 'DNS_CAPTURE') ?? '',
      LATEEN_SDS: String(certificates),
      ...(mode === 'NONE' && { HTTP_PROXY_PORT: httpProxyPort }),
    },
  });
  if (proxy === undefined) return { value: undefined, diagnostics };
  return { value: { proxy, pod: `${namespace}/${name}`, workload, diagnostics }, diagnostics };
};

const refuse = (code: string, message: string): Checked<never> => ({
  value: undefined,
  diagnostics: [{ severity: 'error', code, message }],
});

const knownNames = (names: Iterable<string>): string => {
  const unique = [...new Set(names)].sort();
  const rest = unique.length - maxNames;
  return unique.length === 0
    ? 'there are none'
    : `known are ${unique.slice(0, maxNames).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
};

const parseName = (
  text: string,
): { readonly namespace: string | undefined; readonly name: string } => {
  const slash = text.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
};

/** Names without a namespace mean `default` first. */
const defaultFirst = (left: string, right: string): number =>
  Number(right === 'default') - Number(left === 'default');

const byName = ({ metadata: left }: Pod, { metadata: right }: Pod): number =>
  defaultFirst(left.namespace ?? '', right.namespace ?? '') || (left.name < right.name ? -1 : 1);

/** Pods that a name may mean: the pod itself, else those of the workload, else those of the app. */
const podsNamed = (options: CallerOptions, text: string): readonly Pod[] => {
  const pods = podsAround(options);
  const { namespace, name } = parseName(text);
  const here = pods.filter((pod) => !namespace || pod.metadata.namespace === namespace);
  const ways: readonly ((pod: Pod) => boolean)[] = [
    (pod) => pod.metadata.name === name,
    (pod) => workloadName(options, pod) === name,
    (pod) => labelsOf(pod)['app'] === name,
  ];
  for (const way of ways) {
    const found = here.filter(way);
    if (found.length > 0) return found.toSorted(byName);
  }
  return [];
};

/** With several pods the first speaks for all; when they may differ that is said. */
const severalPods = (
  options: CallerOptions,
  pods: readonly Pod[],
  text: string,
): readonly Diagnostic[] => {
  const workloads = [...new Set(pods.map((pod) => workloadName(options, pod)))];
  if (workloads.length < 2) return [];
  const message = `"${text}" means ${workloads.join(', ')}: ${workloads[0]} speaks for them`;
  return [{ severity: 'info', code: 'CallerAmbiguous', message }];
};

/** Label and annotation by which a pod asks to be left alone. */
const injectKey = 'sidecar.istio.io/inject';

const isInjected = (pod: Pod, live: boolean): boolean => {
  if (live) return proxyContainer(pod) !== undefined;
  const asked = labelsOf(pod)[injectKey] ?? textsOf(pod, 'metadata', 'annotations')[injectKey];
  return asked !== 'false';
};

const withoutProxy = (workload: string): string =>
  `${workload} has no proxy: label its namespace istio-injection=enabled and restart it`;

const findWorkload = (text: string, options: CallerOptions): Checked<FoundCaller> => {
  const { live } = options;
  const found = podsNamed(options, text);
  const [pod] = found.toSorted(
    (left, right) => Number(isInjected(right, live)) - Number(isInjected(left, live)),
  );
  if (pod === undefined) {
    const known = knownNames(podsAround(options).map((one) => workloadName(options, one)));
    return refuse('WorkloadUnknown', `there is no workload "${text}": ${known}`);
  }
  if (!isInjected(pod, live)) {
    return refuse('ProxyMissing', withoutProxy(workloadName(options, pod)));
  }
  const described = describe('sidecar', pod, options);
  if (described.value === undefined) return described;
  const diagnostics = [...described.value.diagnostics, ...severalPods(options, found, text)];
  return { value: { ...described.value, diagnostics }, diagnostics };
};

const findGateway = (text: string, options: CallerOptions): Checked<FoundCaller> => {
  const { push } = options;
  const { namespace, name } = parseName(text);
  const gateway = push.gateways
    .filter((one) => one.name === name && (namespace ?? one.namespace) === one.namespace)
    .toSorted((left, right) => defaultFirst(left.namespace, right.namespace))[0];
  if (gateway === undefined) {
    const known = knownNames(push.gateways.map((one) => `${one.namespace}/${one.name}`));
    return refuse('GatewayUnknown', `there is no Gateway "${text}": ${known}`);
  }
  const selector = Object.fromEntries(gateway.spec.selector);
  const [pod] = podsAround(options)
    .filter((one) => hasLabels(labelsOf(one), selector))
    .toSorted(byName);
  if (pod === undefined) {
    const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
    const message = `no pod has the labels ${labels.join(',')} that Gateway ${gateway.namespace}/${name} selects`;
    return refuse('GatewayUnserved', message);
  }
  return describe('router', pod, options);
};

/**
 * A caller without a proxy, which speaks for itself: its pod as a descriptor, so that names resolve as
 * they do for it. Undefined: there is no such workload, or it has a proxy.
 */
export const findBareCaller = (caller: Caller, options: CallerOptions): FoundCaller | undefined => {
  if (caller.kind !== 'outbound') return undefined;
  const found = podsNamed(options, caller.workload);
  const [pod] = found;
  if (pod === undefined || found.some((one) => isInjected(one, options.live))) return undefined;
  const { value } = describe('sidecar', pod, options);
  if (value === undefined) return undefined;
  const diagnostics = [
    { severity: 'info', code: 'ProxyMissing', message: withoutProxy(value.workload) },
  ] as const;
  return { ...value, diagnostics };
};

/** The proxy of a pod (`namespace/name`) that is a gateway; undefined: it is none. */
export const findRouterNamed = (name: string, options: CallerOptions): FoundCaller | undefined => {
  const pod = podsAround(options).find(
    ({ metadata }) => `${metadata.namespace}/${metadata.name}` === name,
  );
  return pod !== undefined && isRouter(pod) ? findRouter(pod, options).value : undefined;
};

/** The proxy of a gateway's pod. */
export const findRouter = (pod: Pod, options: CallerOptions): Checked<FoundCaller> =>
  describe('router', pod, options);

/** Finds the proxy of a caller. Errors: WorkloadUnknown, ProxyMissing, GatewayUnknown, GatewayUnserved. */
export const findCaller = (caller: Caller, options: CallerOptions): Checked<FoundCaller> =>
  caller.kind === 'gateway'
    ? findGateway(caller.gateway, options)
    : findWorkload(caller.workload, options);
