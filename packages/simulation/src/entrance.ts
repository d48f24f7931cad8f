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

const nodeAddresses = (nodes: readonly KubeObject[]): ReadonlySet<unknown> =>
  new Set(
    nodes.flatMap((node) =>
      listOf(node, 'status', 'addresses').map((one) => textOf(one, 'address')),
    ),
  );

/** The port of a Service that an address and port mean; undefined: none. */
const portAt = (
  service: KubeObject,
  { host, port }: { readonly host: string; readonly port: number },
  nodes: ReadonlySet<unknown>,
): unknown => {
  const ports = listOf(service, 'spec', 'ports');
  if (outsideAddresses(service).includes(host)) {
    const found = ports.find((one) => numberOf(one, 'port') === port);
    if (found !== undefined) return found;
  }
  return nodes.has(host) ? ports.find((one) => numberOf(one, 'nodePort') === port) : undefined;
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
  if (registry === undefined) return undefined;
  const nodes = nodeAddresses(registry.nodes);
  for (const service of registry.services) {
    const found = portAt(service, { host, port }, nodes);
    if (found === undefined) continue;
    const pod = podBehind(service, registry.pods);
    const network =
      textsOf(service, 'metadata', 'labels')[networkLabel] ??
      networkOfCluster(view.inputs, view.clusterId);
    return { view, network, port: targetPort(found, pod), pod };
  }
  return undefined;
};
