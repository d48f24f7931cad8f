import type { ResourceKind } from '../../resource-kind.ts';
import {
  boolean,
  extend,
  int32,
  intOrString,
  mergeList,
  object,
  oneOfStrings,
  port,
  string,
  stringMap,
  strings,
  withDefault,
} from '../../schema/combinators.ts';
import { looseStatusSchema, protocolSchema } from '../schema/part.ts';
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
