import type { ResourceKind } from '../../resource-kind.ts';
import {
  array,
  boolean,
  extend,
  int32,
  intOrString,
  mergeList,
  nonEmptyString,
  object,
  oneOfStrings,
  port,
  string,
  stringMap,
  strings,
  time,
  withDefault,
} from '../../schema/combinators.ts';
import type { EndpointConditions, SliceEndpoint, SlicePort } from '../endpoint-slice.ts';
import type { EndpointAddress, EndpointSubset, EndpointsPort } from '../endpoints.ts';
import { looseStatusSchema, objectReferenceSchema, protocolSchema } from '../schema/part.ts';
import type { ServicePort, ServiceSpec } from '../service.ts';
import { coreKind } from './core-kind.ts';

const servicePort = object<ServicePort>(
  {
    name: string,
    protocol: withDefault(protocolSchema, 'TCP'),
    appProtocol: string,
    port,
    targetPort: intOrString,
    nodePort: extend(port, { minimum: 0 }),
  },
  ['port'],
);

const policy = oneOfStrings('Cluster', 'Local');

const serviceSpec = object<ServiceSpec>({
  ports: mergeList(servicePort, 'port', ['port', 'protocol']),
  selector: stringMap,
  clusterIP: string,
  clusterIPs: strings,
  type: withDefault(
    oneOfStrings('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
    'ClusterIP',
  ),
  externalIPs: strings,
  sessionAffinity: withDefault(oneOfStrings('None', 'ClientIP'), 'None'),
  sessionAffinityConfig: object<{ clientIP: unknown }>({
    clientIP: object<{ timeoutSeconds: number }>({ timeoutSeconds: int32 }),
  }),
  loadBalancerIP: string,
  loadBalancerSourceRanges: strings,
  loadBalancerClass: string,
  externalName: string,
  externalTrafficPolicy: policy,
  internalTrafficPolicy: policy,
  trafficDistribution: string,
  healthCheckNodePort: int32,
  publishNotReadyAddresses: boolean,
  ipFamilies: strings,
  ipFamilyPolicy: string,
  allocateLoadBalancerNodePorts: boolean,
});

/** core/v1 Service. */
export const serviceKind: ResourceKind = coreKind({
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  properties: { spec: serviceSpec, status: looseStatusSchema },
  statusSubresource: true,
});

const address = object<EndpointAddress>(
  { ip: nonEmptyString, hostname: string, nodeName: string, targetRef: objectReferenceSchema },
  ['ip'],
);

const endpointSubset = object<EndpointSubset>({
  addresses: array(address),
  notReadyAddresses: array(address),
  ports: array(
    object<EndpointsPort>(
      {
        name: string,
        port,
        protocol: withDefault(protocolSchema, 'TCP'),
        appProtocol: string,
      },
      ['port'],
    ),
  ),
});

/** core/v1 Endpoints. */
export const endpointsKind: ResourceKind = coreKind({
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  properties: { subsets: array(endpointSubset) },
});

const hint = array(object<{ name: string }>({ name: string }, ['name']));

const sliceEndpoint = object<SliceEndpoint>(
  {
    addresses: extend(strings, { minItems: 1 }),
    conditions: object<EndpointConditions>({
      ready: boolean,
      serving: boolean,
      terminating: boolean,
    }),
    hostname: string,
    targetRef: objectReferenceSchema,
    deprecatedTopology: stringMap,
    nodeName: string,
    zone: string,
    hints: object<{ forZones: unknown; forNodes: unknown }>({ forZones: hint, forNodes: hint }),
  },
  ['addresses'],
);

/** discovery.k8s.io/v1 EndpointSlice. */
export const endpointSliceKind: ResourceKind = coreKind({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  properties: {
    addressType: oneOfStrings('IPv4', 'IPv6', 'FQDN'),
    endpoints: withDefault(array(sliceEndpoint), []),
    ports: array(
      object<SlicePort>({
        name: withDefault(string, ''),
        protocol: withDefault(protocolSchema, 'TCP'),
        port: extend(port, { minimum: 0 }),
        appProtocol: string,
      }),
    ),
  },
  required: ['addressType'],
});

const series = object<{ count: number; lastObservedTime: string }>({
  count: int32,
  lastObservedTime: time,
});
const eventSource = object<{ component: string; host: string }>({
  component: string,
  host: string,
});

/** core/v1 Event. */
export const eventKind: ResourceKind = coreKind({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  properties: {
    involvedObject: objectReferenceSchema,
    reason: string,
    message: string,
    source: eventSource,
    firstTimestamp: time,
    lastTimestamp: time,
    count: int32,
    type: string,
    eventTime: time,
    series,
    action: string,
    related: objectReferenceSchema,
    reportingComponent: string,
    reportingInstance: string,
  },
  required: ['involvedObject'],
});

/** events.k8s.io/v1 Event. */
export const eventsEventKind: ResourceKind = coreKind({
  group: 'events.k8s.io',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  properties: {
    eventTime: time,
    series,
    reportingController: string,
    reportingInstance: string,
    action: string,
    reason: string,
    regarding: objectReferenceSchema,
    related: objectReferenceSchema,
    note: string,
    type: string,
    deprecatedSource: eventSource,
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: int32,
  },
});
