import {
  type DestinationRule,
  type EndpointSlice,
  type HttpRoute,
  hasLabels,
  resolveHost,
  type Service,
  type ServiceEntry,
  type TrafficPolicy,
  type VirtualService,
} from '@lateen/api';
import type { ConfigReference } from '../contract/config.ts';
import type { GraphNodeFlags } from '../contract/graph.ts';
import type { MeshWorkload } from './mesh-workload.ts';

/** An address that answers for a service. */
export interface MeshEndpoint {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  readonly pod: string;
  readonly node: string;
}

/** A Service or ServiceEntry with all that is said about it. */
export interface MeshService {
  readonly kind: 'Service' | 'ServiceEntry';
  readonly namespace: string;
  readonly name: string;
  /** Full names. */
  readonly hosts: readonly string[];
  readonly object: Service | ServiceEntry;
  readonly endpoints: readonly MeshEndpoint[];
  readonly workloads: readonly MeshWorkload[];
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly config: readonly ConfigReference[];
}

const serviceNameLabel = 'kubernetes.io/service-name';

const endpointsOf = (slices: readonly EndpointSlice[]): readonly MeshEndpoint[] =>
  slices.flatMap(({ endpoints, ports }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions, targetRef, nodeName }) =>
      addresses.flatMap((address) =>
        (ports ?? []).map(({ port }) => ({
          address,
          port: port ?? 0,
          ready: conditions?.ready !== false,
          pod: targetRef?.name ?? '',
          node: nodeName ?? '',
        })),
      ),
    ),
  );

const reference = ({
  kind,
  metadata,
}: {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}): ConfigReference => ({ kind, namespace: metadata.namespace ?? '', name: metadata.name });

const resolved = (host: string, namespace: string | undefined): string =>
  resolveHost(host, namespace ?? 'default');

const hostsOfRules = (
  rules: readonly HttpRoute[] | undefined,
  namespace: string,
): readonly string[] =>
  (rules ?? []).flatMap(({ route }) =>
    (route ?? []).map(({ destination }) => resolved(destination?.host ?? '', namespace)),
  );

/** Objects about hosts, by full host. */
export interface HostRules {
  /** VirtualServices that have the host in `hosts`. */
  readonly virtualServices: ReadonlyMap<string, readonly VirtualService[]>;
  /** VirtualServices that send to it under other names (gateways). */
  readonly senders: ReadonlyMap<string, readonly VirtualService[]>;
  readonly destinationRules: ReadonlyMap<string, readonly DestinationRule[]>;
}

const grouped = <T>(
  items: readonly T[],
  keysOf: (item: T) => readonly string[],
): Map<string, T[]> => {
  const map = new Map<string, T[]>();
  for (const item of items) {
    for (const key of new Set(keysOf(item))) {
      const list = map.get(key);
      if (list === undefined) map.set(key, [item]);
      else list.push(item);
    }
  }
  return map;
};

/** Indexes rules by the hosts they are about. */
export const indexRules = (
  virtualServices: readonly VirtualService[],
  destinationRules: readonly DestinationRule[],
): HostRules => ({
  virtualServices: grouped(virtualServices, ({ metadata, spec }) =>
    (spec.hosts ?? []).map((host) => resolved(host, metadata.namespace)),
  ),
  senders: grouped(virtualServices, ({ metadata, spec }) =>
    hostsOfRules(spec.http, metadata.namespace ?? 'default'),
  ),
  destinationRules: grouped(destinationRules, ({ metadata, spec }) => [
    resolved(spec.host, metadata.namespace),
  ]),
});

const rulesFor = (hosts: readonly string[], rules: HostRules) => {
  const of = <T>(index: ReadonlyMap<string, readonly T[]>): readonly T[] => [
    ...new Set(hosts.flatMap((host) => index.get(host) ?? [])),
  ];
  const virtualServices = of(rules.virtualServices);
  const destinationRules = of(rules.destinationRules);
  const about = [...new Set([...virtualServices, ...of(rules.senders)]), ...destinationRules];
  return { virtualServices, destinationRules, config: about.map(reference) };
};

/** What services are made of. */
export interface ServiceSources {
  readonly services: readonly Service[];
  readonly serviceEntries: readonly ServiceEntry[];
  readonly slices: readonly EndpointSlice[];
  readonly rules: HostRules;
  readonly workloads: ReadonlyMap<string, MeshWorkload>;
}

const selectedBy = (
  selector: Readonly<Record<string, string>> | undefined,
  namespace: string,
  workloads: ReadonlyMap<string, MeshWorkload>,
): readonly MeshWorkload[] =>
  selector === undefined || Object.keys(selector).length === 0
    ? []
    : [...workloads.values()].filter(
        (one) => one.namespace === namespace && hasLabels(one.labels, selector),
      );

/** Services by `namespace/name`, ServiceEntries by `namespace/name` too, behind `ServiceEntry/`. */
export const meshServices = (sources: ServiceSources): ReadonlyMap<string, MeshService> => {
  const slices = Map.groupBy(
    sources.slices,
    ({ metadata }) => `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`,
  );
  const all = new Map<string, MeshService>();
  for (const object of sources.services) {
    const { name, namespace = 'default' } = object.metadata;
    const hosts = [resolved(name, namespace)];
    all.set(`${namespace}/${name}`, {
      ...{ kind: 'Service' as const, namespace, name, hosts, object },
      endpoints: endpointsOf(slices.get(`${namespace}/${name}`) ?? []),
      workloads: selectedBy(object.spec?.selector, namespace, sources.workloads),
      ...rulesFor(hosts, sources.rules),
    });
  }
  for (const object of sources.serviceEntries) {
    const { name, namespace = 'default' } = object.metadata;
    const hosts = object.spec.hosts ?? [];
    all.set(`ServiceEntry/${namespace}/${name}`, {
      ...{ kind: 'ServiceEntry' as const, namespace, name, hosts, object },
      endpoints: (object.spec.endpoints ?? []).flatMap((endpoint) =>
        (object.spec.ports ?? []).map(({ number }) => ({
          address: endpoint.address ?? '',
          port: number,
          ready: true,
          pod: '',
          node: '',
        })),
      ),
      workloads: selectedBy(object.spec.workloadSelector?.labels, namespace, sources.workloads),
      ...rulesFor(hosts, sources.rules),
    });
  }
  return all;
};

const anyRule = (service: MeshService, has: (rule: HttpRoute) => boolean): boolean =>
  service.virtualServices.some(({ spec }) => (spec.http ?? []).some(has));

const breaks = (policy: TrafficPolicy | undefined): boolean =>
  policy?.connectionPool !== undefined || policy?.outlierDetection !== undefined;

/** What the rules of a service do: badges of its nodes. */
export type ServiceFeatures = Pick<
  GraphNodeFlags,
  | 'hasVirtualService'
  | 'hasDestinationRule'
  | 'hasFaultInjection'
  | 'hasTimeouts'
  | 'hasMirroring'
  | 'hasTrafficShifting'
  | 'hasCircuitBreaker'
>;

/** Reads what the rules of a service do. */
export const serviceFeatures = (service: MeshService): ServiceFeatures => ({
  hasVirtualService: service.virtualServices.length > 0,
  hasDestinationRule: service.destinationRules.length > 0,
  hasFaultInjection: anyRule(service, ({ fault }) => fault !== undefined),
  hasTimeouts: anyRule(
    service,
    ({ timeout, retries }) => timeout !== undefined || retries !== undefined,
  ),
  hasMirroring: anyRule(
    service,
    ({ mirror, mirrors }) => mirror !== undefined || mirrors !== undefined,
  ),
  hasTrafficShifting: anyRule(service, ({ route }) => (route?.length ?? 0) > 1),
  hasCircuitBreaker: service.destinationRules.some(
    ({ spec }) =>
      breaks(spec.trafficPolicy) ||
      (spec.trafficPolicy?.portLevelSettings ?? []).some(breaks) ||
      (spec.subsets ?? []).some(({ trafficPolicy }) => breaks(trafficPolicy)),
  ),
});
