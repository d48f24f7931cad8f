import { hasLabels, type KubeObject } from '@lateen/api';

/** Pods of one workload at most: a replica more changes no decision. */
const maxReplicas = 10;

/** Where the profile's gateways live. */
const gatewayNamespace = 'istio-system';

type Labels = Readonly<Record<string, string>>;

interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec?: unknown;
}

interface WorkloadSpec {
  readonly replicas?: number;
  readonly template?: PodTemplate;
}

interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly selector?: Labels;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly targetPort?: number | string;
    readonly protocol?: string;
  }[];
}

interface GatewaySpec {
  readonly selector?: Labels;
  readonly servers?: readonly { readonly port?: { readonly number?: number } }[];
}

interface PodFields {
  readonly containers?: readonly {
    readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
  }[];
}

type Pod = KubeObject<PodFields, { readonly podIP?: string }>;

const clusterScoped: ReadonlySet<string> = new Set(['Namespace', 'Node']);
const workloadKinds: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
]);

/** Addresses in order: what a cluster would hand out, made up. */
const addresses = (first: number, second: number): (() => string) => {
  let count = 0;
  return () => {
    count++;
    return `10.${first}.${second + (count >> 8)}.${count & 255}`;
  };
};

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

const podOf = (workload: KubeObject, template: PodTemplate, index: number): Pod => {
  const { name } = workload.metadata;
  const controller = { apiVersion: workload.apiVersion, kind: workload.kind, name, uid: name };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index}`,
      namespace: workload.metadata.namespace ?? 'default',
      labels: template.metadata?.labels ?? {},
      annotations: template.metadata?.annotations ?? {},
      ownerReferences: [{ ...controller, controller: true }],
    },
    spec: (template.spec ?? {}) as PodFields,
  };
};

const podsOf = (workload: KubeObject): readonly Pod[] => {
  const spec = (workload.spec ?? {}) as WorkloadSpec;
  const { template } = spec;
  if (template === undefined) return [];
  const count = Math.min(Math.max(spec.replicas ?? 1, 0), maxReplicas);
  return Array.from({ length: count }, (_, index) => podOf(workload, template, index));
};

/** Pods that `kubectl apply` would leave behind, each with an address. */
const allPods = (objects: readonly KubeObject[]): readonly Pod[] => {
  const podAddress = addresses(1, 0);
  const written = objects.filter(({ kind }) => kind === 'Pod') as Pod[];
  const made = objects.filter(({ kind }) => workloadKinds.has(kind)).flatMap(podsOf);
  return [...written, ...made].map((pod) => ({
    ...pod,
    status: { podIP: podAddress(), ...pod.status },
  }));
};

const allServices = (objects: readonly KubeObject[]): readonly KubeObject<ServiceSpec>[] => {
  const clusterAddress = addresses(96, 0);
  const services = objects.filter(({ kind }) => kind === 'Service') as KubeObject<ServiceSpec>[];
  return services.map((service) => {
    if (service.spec?.type === 'ExternalName') return service;
    return { ...service, spec: { clusterIP: clusterAddress(), ...service.spec } };
  });
};

const targetPort = (
  pod: Pod | undefined,
  target: number | string | undefined,
  port: number | undefined,
): number | undefined => {
  if (typeof target !== 'string') return target ?? port;
  const ports = (pod?.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.find(({ name }) => name === target)?.containerPort;
};

/** What the endpoint controller would make of a Service. */
const sliceOf = (service: KubeObject<ServiceSpec>, pods: readonly Pod[]): readonly KubeObject[] => {
  const { selector = {}, ports = [] } = service.spec ?? {};
  const { name, namespace } = service.metadata;
  if (Object.keys(selector).length === 0) return [];
  const members = pods.filter(
    ({ metadata }) => metadata.namespace === namespace && hasLabels(metadata.labels, selector),
  );
  return [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        ...service.metadata,
        name: `${name}-0`,
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType: 'IPv4',
      ports: ports.map((port) => ({
        name: port.name ?? '',
        port: targetPort(members[0], port.targetPort, port.port),
        protocol: port.protocol ?? 'TCP',
      })),
      endpoints: members.map((pod) => ({
        addresses: [pod.status?.podIP],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', name: pod.metadata.name, namespace },
      })),
    } as KubeObject,
  ];
};

/** The port a container that may not bind low ports listens at, as the profile's gateways do. */
const unprivileged = (port: number): number => (port < 1024 ? port + 8000 : port);

/** As the profile names them. */
const gatewayPortNames: ReadonlyMap<number, string> = new Map([
  [80, 'http2'],
  [443, 'https'],
]);

/** The gateway a Gateway asks for, as the profile installs it: a workload and a service before it. */
const gatewayWorkload = (
  selector: Labels,
  ports: readonly number[],
  index: number,
): readonly KubeObject[] => {
  const name = selector['app'] ?? `istio-${selector['istio'] ?? `gateway-${index}`}`;
  const labels = { app: name, ...selector };
  const namespace = gatewayNamespace;
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, labels },
      spec: { replicas: 1, template: { metadata: { labels }, spec: { containers: [] } } },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels },
      spec: {
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

/** Workloads for Gateways that select none of those given. */
const missingGateways = (objects: readonly KubeObject[]): readonly KubeObject[] => {
  const gateways = objects.filter(
    ({ kind, apiVersion }) => kind === 'Gateway' && String(apiVersion).includes('istio'),
  ) as KubeObject<GatewaySpec>[];
  const labelSets = objects.flatMap((object) => {
    if (object.kind === 'Pod') return [object.metadata.labels ?? {}];
    if (!workloadKinds.has(object.kind)) return [];
    return [(object.spec as WorkloadSpec | undefined)?.template?.metadata?.labels ?? {}];
  });
  const wanted = new Map<string, { selector: Labels; ports: Set<number> }>();
  for (const { spec } of gateways) {
    const selector = spec?.selector ?? {};
    if (labelSets.some((labels) => hasLabels(labels, selector))) continue;
    const key = JSON.stringify(Object.entries(selector).sort());
    const entry = wanted.get(key) ?? { selector, ports: new Set([80, 443]) };
    wanted.set(key, entry);
    for (const { port } of spec?.servers ?? []) {
      if (typeof port?.number === 'number') entry.ports.add(port.number);
    }
  }
  return [...wanted.values()].flatMap(({ selector, ports }, index) =>
    gatewayWorkload(selector, [...ports], index),
  );
};

/**
 * What a cluster makes of manifests: pods of workloads, addresses of services, endpoint slices, and
 * the gateways of the profile for Gateways that nobody else serves. The order of the objects is
 * their age.
 */
export const completeCluster = (manifests: readonly KubeObject[]): readonly KubeObject[] => {
  const objects = withMetadata([...manifests, ...missingGateways(manifests)]);
  const pods = allPods(objects);
  const services = allServices(objects);
  const kept = objects.filter(({ kind }) => kind !== 'Pod' && kind !== 'Service');
  return [...kept, ...pods, ...services, ...services.flatMap((service) => sliceOf(service, pods))];
};
