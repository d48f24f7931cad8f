import { hasLabels, type KubeObject } from '@lateen/api';
import { listOf, numberOf, textOf, textsOf } from './field-access.ts';
import { networkLabel, networkOfCluster, registryOf } from './mesh-registry.ts';
import type { MeshView } from './mesh-views.ts';

/** Where an address outside of a cluster leads: to a Service of it, and to what the Service selects. */
export interface Entrance {
  readonly view: MeshView;
  /** That it leads into. */
  readonly network: string;
  /** Port of the pods. */
  readonly port: number;
  /** Undefined: the Service selects none. */
  readonly pod: KubeObject | undefined;
}

/** Addresses of a Service that others reach it by. */
const outsideAddresses = (service: KubeObject): readonly unknown[] => [
  ...listOf(service, 'status', 'loadBalancer', 'ingress').flatMap((one) => [
    textOf(one, 'ip'),
    textOf(one, 'hostname'),
  ]),
  ...listOf(service, 'spec', 'externalIPs'),
];

type Objects = readonly KubeObject[];

/** Of a list, computed once: every endpoint that is no pod is looked up. */
const remembered = <T>(compute: (objects: Objects) => T): ((objects: Objects) => T) => {
  const known = new WeakMap<Objects, T>();
  return (objects) => {
    const found = known.get(objects) ?? compute(objects);
    known.set(objects, found);
    return found;
  };
};

const nodeAddresses = remembered(
  (nodes): ReadonlySet<unknown> =>
    new Set(
      nodes.flatMap((node) =>
        listOf(node, 'status', 'addresses').map((one) => textOf(one, 'address')),
      ),
    ),
);

const servicesByAddress = remembered((services): ReadonlyMap<unknown, Objects> => {
  const index = new Map<unknown, KubeObject[]>();
  for (const service of services) {
    for (const address of new Set(outsideAddresses(service))) {
      const known = index.get(address);
      if (known === undefined) index.set(address, [service]);
      else known.push(service);
    }
  }
  return index;
});

/** A Service, and the port of it that an address and port mean. */
interface EnteredPort {
  readonly service: KubeObject;
  readonly port: unknown;
}

const enteredPort = (
  { services, nodes }: { readonly services: Objects; readonly nodes: Objects },
  host: string,
  number: number,
): EnteredPort | undefined => {
  const among = (candidates: Objects, field: 'port' | 'nodePort'): EnteredPort | undefined => {
    for (const service of candidates) {
      const ports = listOf(service, 'spec', 'ports');
      const port = ports.find((one) => numberOf(one, field) === number);
      if (port !== undefined) return { service, port };
    }
    return undefined;
  };
  const atAddress = among(servicesByAddress(services).get(host) ?? [], 'port');
  return atAddress ?? (nodeAddresses(nodes).has(host) ? among(services, 'nodePort') : undefined);
};

const targetPort = (port: unknown, pod: KubeObject | undefined): number => {
  const name = textOf(port, 'targetPort');
  const named = listOf(pod, 'spec', 'containers')
    .flatMap((container) => listOf(container, 'ports'))
    .find((one) => name !== undefined && textOf(one, 'name') === name);
  return (
    numberOf(named, 'containerPort') ?? numberOf(port, 'targetPort') ?? numberOf(port, 'port') ?? 0
  );
};

const podBehind = (service: KubeObject, pods: readonly KubeObject[]): KubeObject | undefined => {
  const selector = textsOf(service, 'spec', 'selector');
  if (Object.keys(selector).length === 0) return undefined;
  const [first] = pods
    .filter(
      (pod) =>
        pod.metadata.namespace === service.metadata.namespace &&
        hasLabels(textsOf(pod, 'metadata', 'labels'), selector),
    )
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  return first;
};

/** What answers at an address outside of a cluster; undefined: nothing of this one. */
export const findEntrance = (view: MeshView, host: string, port: number): Entrance | undefined => {
  const registry = registryOf(view.inputs, view.clusterId);
  const found = registry && enteredPort(registry, host, port);
  if (registry === undefined || found === undefined) return undefined;
  const { service } = found;
  const pod = podBehind(service, registry.pods);
  const network =
    textsOf(service, 'metadata', 'labels')[networkLabel] ??
    networkOfCluster(view.inputs, view.clusterId);
  return { view, network, port: targetPort(found.port, pod), pod };
};
