import { formatLocality } from '../proxy/locality.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { MeshDestinationRule } from './destination-rule-index.ts';
import type { PushContext } from './push-context.ts';
import { pushMemo } from './push-memo.ts';
import { registryOf } from './registry-of.ts';

/** All that outbound clusters, endpoints and routes may depend on of a proxy. */
export interface OutboundClient
  extends Pick<
    ProxyDescriptor,
    | 'type'
    | 'namespace'
    | 'dnsDomain'
    | 'interceptionMode'
    | 'dnsCapture'
    | 'locality'
    | 'clusterId'
    | 'network'
    | 'holdsCertificate'
    | 'extensions'
  > {
  /** Connects from an address that does not lead out of the machine (LATEEN_BIND_ADDRESS). */
  readonly isBound: boolean;
  /** Only those labels that some selector asks for: proxies that differ in others are alike. */
  readonly labels: ReadonlyMap<string, string>;
  /** Spells out all other fields: clients with equal keys get equal resources. */
  readonly key: string;
}

const relevantLabels = pushMemo<ReadonlySet<string>>();

const failoverLabels = ({ trafficPolicy, subsets }: MeshDestinationRule): readonly string[] =>
  [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)]
    .flatMap((policy) => (policy === undefined ? [] : [policy, ...policy.portLevelSettings]))
    .flatMap(({ loadBalancer }) => loadBalancer?.localityLbSetting?.failoverPriority ?? [])
    .map((entry) => entry.split('=')[0] ?? '');

const findRelevantLabels = (push: PushContext): ReadonlySet<string> => {
  const names = new Set<string>();
  const add = (labels: ReadonlyMap<string, string> | undefined): void => {
    for (const name of labels?.keys() ?? []) names.add(name);
  };
  for (const { http, tls, tcp } of push.virtualServices) {
    const routes = [...http.map(({ route }) => route), ...tls, ...tcp];
    for (const { sourceLabels } of routes.flatMap((route) => [...route.match])) add(sourceLabels);
  }
  for (const { byHost } of push.destinationRules.values()) {
    for (const rule of [...byHost.values()].flat()) {
      add(rule.workloadSelector);
      for (const name of failoverLabels(rule)) names.add(name);
    }
  }
  for (const { spec } of push.sidecars) add(spec.workloadSelector?.labels);
  return names;
};

/** A proxy seen as a client of the mesh. */
export const outboundClient = (push: PushContext, proxy: ProxyDescriptor): OutboundClient => {
  const names = relevantLabels(push, '', () => findRelevantLabels(push));
  const labels = new Map([...proxy.labels].filter(([name]) => names.has(name)));
  const { type, namespace, dnsDomain, interceptionMode, dnsCapture, clusterId, network } = proxy;
  const { holdsCertificate, extensions } = proxy;
  const isBound = proxy.bindAddress !== undefined;
  const pod = registryOf(push, clusterId)?.workloads.get(`${namespace}/${proxy.podName}`);
  const locality = proxy.locality.region === '' && pod ? pod.locality : proxy.locality;
  const key = JSON.stringify([
    type,
    namespace,
    dnsDomain,
    interceptionMode,
    dnsCapture,
    formatLocality(locality),
    clusterId,
    network,
    holdsCertificate,
    extensions,
    isBound,
    [...labels].sort(),
  ]);
  return {
    type,
    namespace,
    dnsDomain,
    interceptionMode,
    dnsCapture,
    locality,
    clusterId,
    network,
    holdsCertificate,
    extensions,
    isBound,
    labels,
    key,
  };
};
