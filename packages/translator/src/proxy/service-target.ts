import type { PushContext } from '../push-context/push-context.ts';
import { type MeshService, type ServicePort, serviceKey } from '../registry/mesh-service.ts';
import { selects, type Workload } from '../registry/workload.ts';
import type { ProxyDescriptor } from './proxy-descriptor.ts';

/** A workload port of a proxy and the services it serves (Istio's ServiceTarget). */
export interface ServiceTarget {
  /** The port the workload takes connections at. */
  readonly port: number;
  /** Port of the oldest service: protocol and names come from it. */
  readonly servicePort: ServicePort;
  /** Oldest first; empty for a port that only the proxy's agent knows of. */
  readonly services: readonly MeshService[];
}

const targetPortOf = (port: ServicePort, workload: Workload | undefined): number | undefined =>
  typeof port.targetPort === 'number' ? port.targetPort : workload?.namedPorts.get(port.targetPort);

/** Ports by selector, before any endpoint exists: a starting pod must have its listeners. */
const bySelector = (
  service: MeshService,
  proxy: ProxyDescriptor,
  workload: Workload | undefined,
): readonly (readonly [number, ServicePort])[] => {
  const selected =
    service.namespace === proxy.namespace &&
    service.selector.size > 0 &&
    selects(service.selector, workload?.labels ?? proxy.labels);
  if (!selected) return [];
  return service.ports.flatMap((port) => {
    const number = targetPortOf(port, workload);
    return number === undefined ? [] : [[number, port] as const];
  });
};

/** Ports by address, for services without a selector and for named ports of unknown pods. */
const byEndpoint = (
  push: PushContext,
  service: MeshService,
  addresses: ReadonlySet<string>,
): readonly (readonly [number, ServicePort])[] => {
  const result: (readonly [number, ServicePort])[] = [];
  for (const endpoint of push.endpoints.get(serviceKey(service)) ?? []) {
    if (!addresses.has(endpoint.address)) continue;
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
  const workload = push.workloads.get(`${proxy.namespace}/${proxy.podName}`);
  const addresses = new Set(proxy.addresses);
  return push.services.services.flatMap((service) => {
    const selected = bySelector(service, proxy, workload);
    const pairs = selected.length > 0 ? selected : byEndpoint(push, service, addresses);
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

/** Workload ports of a proxy in numeric order, each with all services that lead to it. */
export const serviceTargets = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly ServiceTarget[] => {
  const targets = new Map<number, ServiceTarget & { readonly services: MeshService[] }>();
  for (const { port, servicePort, service } of serviceInstances(push, proxy)) {
    const target = targets.get(port) ?? { port, servicePort, services: [] };
    targets.set(port, target);
    if (!target.services.includes(service)) target.services.push(service);
  }
  for (const port of proxy.appPorts.keys()) {
    if (!targets.has(port))
      targets.set(port, { port, servicePort: unnamedPort(port), services: [] });
  }
  return [...targets.values()].sort((left, right) => left.port - right.port);
};
