import { parseProtocol } from '@lateen/api';
import type { SidecarIngress } from '../input/sidecar.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { registryOf } from '../push-context/registry-of.ts';
import { findSidecar } from '../push-context/sidecar-scope.ts';
import {
  type ClusterService,
  type MeshService,
  type ServicePort,
  serviceKey,
} from '../registry/mesh-service.ts';
import { selects, type Workload } from '../registry/workload.ts';
import { type ProxyDescriptor, parseSocketTarget, type SocketTarget } from './proxy-descriptor.ts';

/** A workload port of a proxy and the services it serves (Istio's ServiceTarget). */
export interface ServiceTarget {
  /** The port the workload takes connections at. */
  readonly port: number;
  /** Port of the oldest service: protocol and names come from it. */
  readonly servicePort: ServicePort;
  /** Oldest first; empty for a port that only the proxy's agent knows of. */
  readonly services: readonly MeshService[];
  /** What a Sidecar's ingress says instead of the defaults. */
  readonly ingress?: SidecarIngress;
}

const targetPortOf = (port: ServicePort, workload: Workload | undefined): number | undefined =>
  typeof port.targetPort === 'number' ? port.targetPort : workload?.namedPorts.get(port.targetPort);

/** Ports by selector, before any endpoint exists: a starting pod must have its listeners. */
const bySelector = (
  { selector, ports }: ClusterService,
  proxy: ProxyDescriptor,
  workload: Workload | undefined,
): readonly (readonly [number, ServicePort])[] => {
  const selected = selector.size > 0 && selects(selector, workload?.labels ?? proxy.labels);
  if (!selected) return [];
  return ports.flatMap((port) => {
    const number = targetPortOf(port, workload);
    return number === undefined ? [] : [[number, port] as const];
  });
};

/** Ports by address, for services without a selector and for named ports of unknown pods. */
const byEndpoint = (
  push: PushContext,
  service: MeshService,
  place: { readonly cluster: string; readonly addresses: ReadonlySet<string> },
): readonly (readonly [number, ServicePort])[] => {
  const result: (readonly [number, ServicePort])[] = [];
  for (const endpoint of push.endpoints.get(serviceKey(service)) ?? []) {
    if (!place.addresses.has(endpoint.address)) continue;
    // Clusters on networks of their own may use the same addresses.
    if (service.registry === 'Kubernetes' && endpoint.cluster !== place.cluster) continue;
    const port = service.ports.find(({ name }) => name === endpoint.servicePortName);
    if (port !== undefined) result.push([endpoint.port, port]);
  }
  return result;
};

/** All (workload port, service port) pairs of a proxy, oldest service first. */
export const serviceInstances = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly {
  readonly port: number;
  readonly servicePort: ServicePort;
  readonly service: MeshService;
}[] => {
  const registry = registryOf(push, proxy.clusterId);
  const workload = registry?.workloads.get(`${proxy.namespace}/${proxy.podName}`);
  const place = { cluster: registry?.clusterId ?? '', addresses: new Set(proxy.addresses) };
  return push.services.services.flatMap((service) => {
    const known =
      service.registry === 'Kubernetes' ? service.inCluster.get(place.cluster) : service;
    // A service of another cluster does not lead here, whatever its selector.
    if (known === undefined) return [];
    const isNear = service.namespace === proxy.namespace;
    const selected = isNear ? bySelector(known, proxy, workload) : [];
    const pairs = selected.length > 0 ? selected : byEndpoint(push, service, place);
    return pairs.map(([port, servicePort]) => ({ port, servicePort, service }));
  });
};

/** A port the app takes connections at that no service leads to: found out by looking at the bytes. */
const unnamedPort = (port: number): ServicePort => ({
  name: '',
  number: port,
  protocol: 'Auto',
  targetPort: port,
});

/** Workload ports with all services that lead to each. */
const servedPorts = (
  push: PushContext,
  proxy: ProxyDescriptor,
): ReadonlyMap<number, ServiceTarget> => {
  const targets = new Map<number, ServiceTarget & { readonly services: MeshService[] }>();
  for (const { port, servicePort, service } of serviceInstances(push, proxy)) {
    const target = targets.get(port) ?? { port, servicePort, services: [] };
    targets.set(port, target);
    if (!target.services.includes(service)) target.services.push(service);
  }
  return targets;
};

/** A Sidecar that lists ingress says itself which ports there are and what they speak. */
const ingressTarget = (
  ingress: SidecarIngress,
  served: ReadonlyMap<number, ServiceTarget>,
): ServiceTarget | undefined => {
  const port = ingress.port?.number;
  if (!port) return undefined;
  const known = served.get(port);
  const servicePort = {
    ...(known?.servicePort ?? unnamedPort(port)),
    protocol: parseProtocol(ingress.port?.protocol ?? ''),
  };
  return { port, servicePort, services: known?.services ?? [], ingress };
};

const unserved = (
  proxy: ProxyDescriptor,
  served: ReadonlyMap<number, ServiceTarget>,
): readonly ServiceTarget[] =>
  [...proxy.appPorts.keys()]
    .filter((port) => !served.has(port))
    .map((port) => ({ port, servicePort: unnamedPort(port), services: [] }));

/** Workload ports of a proxy in numeric order. */
export const serviceTargets = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly ServiceTarget[] => {
  const served = servedPorts(push, proxy);
  const ingress = findSidecar(push, proxy)?.spec.ingress ?? [];
  const targets =
    ingress.length > 0
      ? ingress.flatMap((entry) => ingressTarget(entry, served) ?? [])
      : [...served.values(), ...unserved(proxy, served)];
  const byPort = new Map(targets.toReversed().map((target) => [target.port, target]));
  return [...byPort.values()].sort((left, right) => left.port - right.port);
};

/** Where the app takes what comes in at a workload port; undefined: at the original destination. */
export const appAddress = (
  proxy: ProxyDescriptor,
  { port, ingress }: ServiceTarget,
): SocketTarget | undefined => {
  const endpoint = ingress?.defaultEndpoint;
  if (endpoint?.startsWith('unix://')) return { address: endpoint, port: 0 };
  const wanted = endpoint === undefined ? undefined : parseSocketTarget(endpoint);
  const known = proxy.appPorts.get(wanted?.port ?? port);
  if (known !== undefined) return known;
  if (wanted !== undefined) {
    const own = proxy.addresses[0] ?? '127.0.0.1';
    return wanted.address === '0.0.0.0' ? { address: own, port: wanted.port } : wanted;
  }
  // Without interception nothing carries the original destination: the app is on loopback.
  return proxy.interceptionMode === 'NONE' ? { address: '127.0.0.1', port } : undefined;
};
