import type { EndpointSlice, Endpoints, KubeObject, Pod, Service } from '@lateen/api';
import { isKubeError, type Resource, resources, WorkQueue } from '@lateen/kube';
import type { Controller, ControllerContext } from './controller-context.ts';
import { controllerReference } from './ownership.ts';
import { type AddressGroup, groupAddresses, type ServiceAddress } from './service-endpoints.ts';
import { shortHash } from './template-hash.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const manager = 'endpointslice-controller.k8s.io';

/** Keeps Endpoints and EndpointSlices of services with a selector in step with their pods. */
export const startEndpointsController = (context: ControllerContext): Controller => {
  const { caches, clock, log } = context;
  const queue = new WorkQueue({
    name: 'endpoints',
    clock,
    log,
    reconcile: (key) => reconcile(context, key),
  });
  const servicesOf = (pod: Pod | undefined): readonly string[] =>
    pod === undefined
      ? []
      : caches.services
          .list()
          .filter((service) => selects(service, pod))
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const stops = [
    caches.services.onChange(({ key }) => queue.add(key)),
    caches.pods.onChange(({ before, after }) => {
      for (const key of new Set([...servicesOf(before), ...servicesOf(after)])) queue.add(key);
    }),
  ];
  return {
    stop: () => {
      for (const stop of stops) stop();
      queue.stop();
    },
  };
};

const selects = (service: Service, pod: Pod): boolean => {
  const selector = Object.entries(service.spec?.selector ?? {});
  return (
    selector.length > 0 &&
    service.metadata.namespace === pod.metadata.namespace &&
    selector.every(([name, value]) => pod.metadata.labels?.[name] === value)
  );
};

const reconcile = async (context: ControllerContext, key: string): Promise<void> => {
  const service = context.caches.services.getByKey(key);
  // A deleted service's endpoints go with their owner: the garbage collector's work.
  if (service === undefined || Object.keys(service.spec?.selector ?? {}).length === 0) return;
  const pods = context.caches.pods.list().filter((pod) => selects(service, pod));
  const groups = groupAddresses(service, pods);
  await writeSlices(context, service, groups);
  await writeEndpoints(context, service, groups);
};

const zoneLabel = 'topology.kubernetes.io/zone';

const sliceFor = (service: Service, group: AddressGroup): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${service.metadata.name}-${shortHash(group.ports)}`,
    namespace: service.metadata.namespace as string,
    labels: {
      ...service.metadata.labels,
      [serviceNameLabel]: service.metadata.name,
      [managedByLabel]: manager,
    },
    ownerReferences: [controllerReference(service)],
  },
  addressType: 'IPv4',
  endpoints: group.addresses.map(({ ip, ready, serving, terminating, pod }) => ({
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(pod.spec?.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    ...(pod.metadata.labels?.[zoneLabel] !== undefined && { zone: pod.metadata.labels[zoneLabel] }),
    targetRef: targetRef(pod),
  })),
  ports: group.ports,
});

const targetRef = ({ metadata }: Pod) => ({
  kind: 'Pod',
  name: metadata.name,
  namespace: metadata.namespace as string,
  uid: metadata.uid as string,
});

const writeSlices = async (
  context: ControllerContext,
  service: Service,
  groups: readonly AddressGroup[],
): Promise<void> => {
  const wanted = groups.map((group) => sliceFor(service, group));
  const existing = context.caches.endpointSlices
    .list()
    .filter(
      ({ metadata }) =>
        metadata.namespace === service.metadata.namespace &&
        metadata.labels?.[serviceNameLabel] === service.metadata.name &&
        metadata.labels[managedByLabel] === manager,
    );
  for (const slice of wanted) {
    const current = existing.find(({ metadata }) => metadata.name === slice.metadata.name);
    await put(context, resources.endpointSlices, slice, current);
  }
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const { metadata } of existing)
    if (!names.has(metadata.name))
      await ignoring('not-found', () =>
        context.client.delete(resources.endpointSlices, {
          name: metadata.name,
          namespace: metadata.namespace,
        }),
      );
};

const writeEndpoints = async (
  context: ControllerContext,
  service: Service,
  groups: readonly AddressGroup[],
): Promise<void> => {
  const { name, namespace, labels } = service.metadata;
  const address = ({ ip, pod }: ServiceAddress) => ({
    ip,
    ...(pod.spec?.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    targetRef: targetRef(pod),
  });
  const subsets = groups.map((group) => {
    const ready = group.addresses.filter((entry) => entry.ready).map(address);
    const notReady = group.addresses.filter((entry) => !entry.ready).map(address);
    return {
      ...(ready.length > 0 && { addresses: ready }),
      ...(notReady.length > 0 && { notReadyAddresses: notReady }),
      ports: group.ports,
    };
  });
  const endpoints: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      namespace: namespace as string,
      ...(labels && { labels }),
      ownerReferences: [controllerReference(service)],
    },
    subsets,
  };
  const current = context.caches.endpoints.get(name, namespace);
  await put(context, resources.endpoints, endpoints, current);
};

/** Everything but what the server adds. */
const contentOf = (object: KubeObject): string => {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const { labels = {}, ownerReferences = [] } = metadata;
  return shortHash({ labels, ownerReferences, rest }) + JSON.stringify(rest).length;
};

const put = async (
  { client }: ControllerContext,
  resource: Resource,
  wanted: KubeObject,
  current: KubeObject | undefined,
): Promise<void> => {
  if (current !== undefined && contentOf(current) === contentOf(wanted)) return;
  const resourceVersion = current?.metadata.resourceVersion;
  if (resourceVersion === undefined) {
    await client.create(resource, wanted);
    return;
  }
  await client.update(resource, { ...wanted, metadata: { ...wanted.metadata, resourceVersion } });
};

const ignoring = async (code: 'not-found', run: () => Promise<void>): Promise<void> => {
  try {
    await run();
  } catch (error) {
    if (!isKubeError(error, code)) throw error;
  }
};
