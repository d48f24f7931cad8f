import { hasLabels, type KubeObject } from '@lateen/api';
import { fieldOf, listOf, numberOf, textOf, textsOf } from './field-access.ts';
import { networkLabel } from './mesh-registry.ts';
import { isRouter } from './proxy-container.ts';

/** Pods of one workload at most: a replica more changes no decision. */
const maxReplicas = 10;

/** Where the profile's gateways live. */
const gatewayNamespace = 'istio-system';

const injectKey = 'sidecar.istio.io/inject';
const tlsModeKey = 'security.istio.io/tlsMode';

type Labels = Readonly<Record<string, string>>;

const clusterScoped: ReadonlySet<string> = new Set(['Namespace', 'Node']);
const workloadKinds: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
]);

/** Addresses in order: what a cluster would hand out, made up; `prefix` is a /16. */
const addresses = (prefix: string, start = 0): (() => string) => {
  let count = start;
  return () => {
    count++;
    return `${prefix}.${count >> 8}.${count & 255}`;
  };
};

/** One cluster of several has other ranges than the rest. */
interface AddressRanges {
  readonly pods: () => string;
  readonly services: () => string;
  readonly loadBalancers: () => string;
}

const rangesOf = (index: number): AddressRanges => ({
  pods: addresses(`10.${1 + index}`),
  services: addresses(`10.${96 + index}`),
  // For benchmarks (RFC 2544), and so nobody's.
  loadBalancers: addresses('198.18', index * 256),
});

/** Objects without a namespace are in `default`; those without a time are as old as their place. */
const withMetadata = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.map((object, index) => ({
    ...object,
    metadata: {
      ...(clusterScoped.has(object.kind) ? {} : { namespace: 'default' }),
      creationTimestamp: new Date(Date.UTC(2000, 0, 1, 0, 0, index)).toISOString(),
      ...object.metadata,
    },
  }));

const labelsOf = (object: KubeObject): Labels => textsOf(object, 'metadata', 'labels');

const podOf = (workload: KubeObject, index: number): KubeObject => {
  const { name, namespace = 'default' } = workload.metadata;
  const controller = { apiVersion: workload.apiVersion, kind: workload.kind, name, uid: name };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index}`,
      namespace,
      labels: textsOf(workload, 'spec', 'template', 'metadata', 'labels'),
      annotations: textsOf(workload, 'spec', 'template', 'metadata', 'annotations'),
      ownerReferences: [{ ...controller, controller: true }],
    },
    spec: fieldOf(workload, 'spec', 'template', 'spec') ?? {},
  };
};

const podsOf = (workload: KubeObject): readonly KubeObject[] => {
  if (typeof fieldOf(workload, 'spec', 'template') !== 'object') return [];
  const replicas = Math.trunc(numberOf(workload, 'spec', 'replicas') ?? 1);
  const count = Math.min(Math.max(replicas, 0), maxReplicas);
  return Array.from({ length: count }, (_, index) => podOf(workload, index));
};

/** As injection marks a pod that gets a sidecar, so that others speak mTLS to it. Gateways are not marked. */
const injected = (pod: KubeObject): KubeObject => {
  const labels = labelsOf(pod);
  const asked = labels[injectKey] ?? textsOf(pod, 'metadata', 'annotations')[injectKey];
  if (asked === 'false' || isRouter(pod)) return pod;
  const marked = { [tlsModeKey]: 'istio', ...labels };
  return { ...pod, metadata: { ...pod.metadata, labels: marked } };
};

/** Pods that `kubectl apply` would leave behind, each with an address. */
const allPods = (
  objects: readonly KubeObject[],
  podAddress: () => string,
): readonly KubeObject[] => {
  const written = objects.filter(({ kind }) => kind === 'Pod');
  const made = objects.filter(({ kind }) => workloadKinds.has(kind)).flatMap(podsOf);
  return [...written, ...made].map((pod) => ({
    ...injected(pod),
    status: { podIP: podAddress(), ...(fieldOf(pod, 'status') as object | undefined) },
  }));
};

/** Status that the controller of load balancers would write: the address asked for, or one made up. */
const balancedStatus = (service: KubeObject, nextAddress: () => string): object => {
  const written = listOf(service, 'status', 'loadBalancer', 'ingress');
  if (textOf(service, 'spec', 'type') !== 'LoadBalancer' || written.length > 0) return {};
  const ip = textOf(service, 'spec', 'loadBalancerIP') ?? nextAddress();
  return { status: { loadBalancer: { ingress: [{ ip }] } } };
};

const allServices = (
  objects: readonly KubeObject[],
  { services, loadBalancers }: AddressRanges,
): readonly KubeObject[] =>
  objects
    .filter(({ kind }) => kind === 'Service')
    .map((service) => {
      if (textOf(service, 'spec', 'type') === 'ExternalName') return service;
      return {
        ...service,
        ...balancedStatus(service, loadBalancers),
        spec: { clusterIP: services(), ...(service.spec as object) },
      };
    });

/** The number behind a target port: itself, a container's port by name, or the service's own. */
const targetPort = (pod: KubeObject | undefined, port: unknown): number | undefined => {
  const name = textOf(port, 'targetPort');
  if (name === undefined) return numberOf(port, 'targetPort') ?? numberOf(port, 'port');
  const ports = listOf(pod, 'spec', 'containers').flatMap((one) => listOf(one, 'ports'));
  const found = ports.find((one) => textOf(one, 'name') === name);
  return numberOf(found, 'containerPort');
};

/** What the endpoint controller would make of a Service. */
const sliceOf = (service: KubeObject, pods: readonly KubeObject[]): readonly KubeObject[] => {
  const selector = textsOf(service, 'spec', 'selector');
  const { name, namespace } = service.metadata;
  if (Object.keys(selector).length === 0) return [];
  const members = pods.filter(
    (pod) => pod.metadata.namespace === namespace && hasLabels(labelsOf(pod), selector),
  );
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...service.metadata,
      name: `${name}-0`,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    ports: listOf(service, 'spec', 'ports').map((port) => ({
      name: textOf(port, 'name') ?? '',
      port: targetPort(members[0], port),
      protocol: textOf(port, 'protocol') ?? 'TCP',
    })),
    endpoints: members.map((pod) => ({
      addresses: [fieldOf(pod, 'status', 'podIP')],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', name: pod.metadata.name, namespace },
    })),
  };
  return [slice];
};

/** The port a container that may not bind low ports listens at, as the profile's gateways do. */
const unprivileged = (port: number): number => (port < 1024 ? port + 8000 : port);

/** As the profile names them. */
const gatewayPortNames: ReadonlyMap<number, string> = new Map([
  [80, 'http2'],
  [443, 'https'],
]);

/** By which a pod is known to be a gateway. */
const routerContainer = { name: 'istio-proxy', args: ['proxy', 'router'] };

/** The gateway a Gateway asks for, as the profile installs it: a workload and a service before it. */
const gatewayWorkload = (
  selector: Labels,
  ports: readonly number[],
  { index, network }: { readonly index: number; readonly network: string | undefined },
): readonly KubeObject[] => {
  const name = selector['app'] ?? `istio-${selector['istio'] ?? `gateway-${index}`}`;
  const labels = { app: name, ...selector };
  const namespace = gatewayNamespace;
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, labels },
      spec: {
        replicas: 1,
        template: { metadata: { labels }, spec: { containers: [routerContainer] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        ...{ name, namespace },
        labels: { ...labels, ...(network !== undefined && { [networkLabel]: network }) },
      },
      spec: {
        type: selector['istio'] === 'egressgateway' ? 'ClusterIP' : 'LoadBalancer',
        selector,
        ports: ports.map((port) => ({
          name: gatewayPortNames.get(port) ?? `tcp-${port}`,
          port,
          targetPort: unprivileged(port),
        })),
      },
    },
  ];
};

interface WantedGateway {
  readonly selector: Labels;
  readonly ports: Set<number>;
  /** Mutual TLS of other clusters: it is the way into the cluster's network. */
  passes: boolean;
}

const rootNetwork = (objects: readonly KubeObject[]): string | undefined => {
  const root = objects.find(
    ({ kind, metadata }) => kind === 'Namespace' && metadata.name === gatewayNamespace,
  );
  return root && labelsOf(root)[networkLabel];
};

/** Workloads for Gateways that select none of those given. */
const missingGateways = (objects: readonly KubeObject[]): readonly KubeObject[] => {
  const gateways = objects.filter(
    ({ kind, apiVersion }) =>
      kind === 'Gateway' && typeof apiVersion === 'string' && apiVersion.includes('istio'),
  );
  const labelSets = objects.flatMap((object) => {
    if (object.kind === 'Pod') return [labelsOf(object)];
    if (!workloadKinds.has(object.kind)) return [];
    return [textsOf(object, 'spec', 'template', 'metadata', 'labels')];
  });
  const wanted = new Map<string, WantedGateway>();
  for (const gateway of gateways) {
    const selector = textsOf(gateway, 'spec', 'selector');
    if (labelSets.some((labels) => hasLabels(labels, selector))) continue;
    const key = JSON.stringify(Object.entries(selector).sort());
    const entry = wanted.get(key) ?? { selector, ports: new Set([80, 443]), passes: false };
    wanted.set(key, entry);
    for (const server of listOf(gateway, 'spec', 'servers')) {
      const port = numberOf(server, 'port', 'number');
      if (port !== undefined) entry.ports.add(port);
      if (textOf(server, 'tls', 'mode') === 'AUTO_PASSTHROUGH') entry.passes = true;
    }
  }
  const network = rootNetwork(objects);
  return [...wanted.values()].flatMap(({ selector, ports, passes }, index) =>
    gatewayWorkload(selector, [...ports], { index, network: passes ? network : undefined }),
  );
};

/**
 * What a cluster makes of manifests: pods of workloads, addresses of services, endpoint slices, and
 * the gateways of the profile for Gateways that nobody else serves. The order of the objects is
 * their age. `index` is that of the cluster among several, each with addresses of its own.
 */
export const completeCluster = (
  manifests: readonly KubeObject[],
  index = 0,
): readonly KubeObject[] => {
  const ranges = rangesOf(index);
  const objects = withMetadata([...manifests, ...missingGateways(manifests)]);
  const pods = allPods(objects, ranges.pods);
  const services = allServices(objects, ranges);
  const kept = objects.filter(({ kind }) => kind !== 'Pod' && kind !== 'Service');
  return [...kept, ...pods, ...services, ...services.flatMap((service) => sliceOf(service, pods))];
};
