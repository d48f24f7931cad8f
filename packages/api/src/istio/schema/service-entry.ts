import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  atMostOneOf,
  extend,
  int32,
  mapOf,
  object,
  oneOfStrings,
  string,
  stringMap,
  strings,
  uint32,
} from '../../schema/combinators.ts';
import type { ServiceEntryPort, ServiceEntrySpec } from '../service-entry.ts';
import type { WorkloadEntrySpec } from '../workload-entry.ts';
import type { WorkloadGroupSpec, WorkloadProbe } from '../workload-group.ts';
import { exportToSchema, workloadSelectorSchema } from './part.ts';

/** `spec` of networking.istio.io WorkloadEntry, also an endpoint of a ServiceEntry. */
export const workloadEntrySpecSchema: JsonSchema = object<WorkloadEntrySpec>({
  address: extend(string, { maxLength: 256 }),
  ports: mapOf(uint32),
  labels: stringMap,
  network: string,
  locality: string,
  weight: uint32,
  serviceAccount: string,
});

const port = object<ServiceEntryPort>(
  { number: uint32, protocol: string, name: string, targetPort: uint32 },
  ['number', 'name'],
);

/** `spec` of networking.istio.io ServiceEntry. */
export const serviceEntrySpecSchema: JsonSchema = object<ServiceEntrySpec>(
  {
    hosts: extend(strings, { minItems: 1, maxItems: 256 }),
    addresses: extend(strings, { maxItems: 256 }),
    ports: array(port, {
      maxItems: 256,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    }),
    location: oneOfStrings('MESH_EXTERNAL', 'MESH_INTERNAL'),
    resolution: oneOfStrings('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
    endpoints: array(workloadEntrySpecSchema, { maxItems: 4096 }),
    workloadSelector: workloadSelectorSchema,
    exportTo: exportToSchema,
    subjectAltNames: strings,
  },
  ['hosts'],
);

type HttpProbe = NonNullable<WorkloadProbe['httpGet']>;

const probe = extend(
  object<WorkloadProbe>({
    initialDelaySeconds: int32,
    timeoutSeconds: int32,
    periodSeconds: int32,
    successThreshold: int32,
    failureThreshold: int32,
    httpGet: object<HttpProbe>(
      {
        path: string,
        port: uint32,
        host: string,
        scheme: string,
        httpHeaders: array(
          object<{ name: string; value: string }>({ name: string, value: string }),
        ),
      },
      ['port'],
    ),
    tcpSocket: object<{ host: string; port: number }>({ host: string, port: uint32 }, ['port']),
    exec: object<{ command: unknown }>({ command: strings }, ['command']),
    grpc: object<{ port: number; service: string }>({ port: uint32, service: string }),
  }),
  atMostOneOf('httpGet', 'tcpSocket', 'exec', 'grpc'),
);

/** `spec` of networking.istio.io WorkloadGroup. */
export const workloadGroupSpecSchema: JsonSchema = object<WorkloadGroupSpec>(
  {
    metadata: object<{ labels: unknown; annotations: unknown }>({
      labels: stringMap,
      annotations: stringMap,
    }),
    template: workloadEntrySpecSchema,
    probe,
  },
  ['template'],
);
