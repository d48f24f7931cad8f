import type { ResourceKind } from '../../resource-kind.ts';
import {
  array,
  boolean,
  extend,
  nonEmptyString,
  object,
  oneOfStrings,
  port,
  string,
  stringMap,
  strings,
  withDefault,
} from '../../schema/combinators.ts';
import type { EndpointConditions, SliceEndpoint, SlicePort } from '../endpoint-slice.ts';
import type { EndpointAddress, EndpointSubset, EndpointsPort } from '../endpoints.ts';
import { objectReferenceSchema, protocolSchema } from '../schema/part.ts';
import { coreKind } from './core-kind.ts';

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
