import type { JsonSchema } from '../../resource-kind.ts';
import {
  anyObject,
  array,
  atMostOneOf,
  extend,
  int32,
  object,
  oneOfStrings,
  string,
  stringMap,
  uint32,
} from '../../schema/combinators.ts';
import type {
  EnvoyConfigMatch,
  EnvoyConfigPatch,
  EnvoyFilterNameMatch,
  EnvoyFilterSpec,
} from '../envoy-filter.ts';
import { targetReferencesSchema, workloadSelectorSchema } from './part.ts';

type ListenerMatch = NonNullable<EnvoyConfigMatch['listener']>;
type RouteMatch = NonNullable<EnvoyConfigMatch['routeConfiguration']>;
type VirtualHostMatch = NonNullable<RouteMatch['vhost']>;

const name = object<{ name: string }>({ name: string });
const filter = object<EnvoyFilterNameMatch>({ name: string, subFilter: name });

const listener = object<ListenerMatch>({
  portNumber: uint32,
  portName: string,
  name: string,
  listenerFilter: string,
  filterChain: object<NonNullable<ListenerMatch['filterChain']>>({
    name: string,
    sni: string,
    transportProtocol: string,
    applicationProtocols: string,
    destinationPort: uint32,
    filter,
  }),
});

const routeConfiguration = object<RouteMatch>({
  portNumber: uint32,
  portName: string,
  gateway: string,
  name: string,
  vhost: object<VirtualHostMatch>({
    name: string,
    domainName: string,
    route: object<NonNullable<VirtualHostMatch['route']>>({
      name: string,
      action: oneOfStrings('ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE'),
    }),
  }),
});

const match = extend(
  object<EnvoyConfigMatch>({
    context: oneOfStrings('ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT'),
    proxy: object<NonNullable<EnvoyConfigMatch['proxy']>>({
      proxyVersion: string,
      metadata: stringMap,
    }),
    listener,
    routeConfiguration,
    cluster: object<NonNullable<EnvoyConfigMatch['cluster']>>({
      portNumber: uint32,
      service: string,
      subset: string,
      name: string,
    }),
    waypoint: object<NonNullable<EnvoyConfigMatch['waypoint']>>({
      portNumber: uint32,
      route: name,
      filter,
    }),
  }),
  atMostOneOf('listener', 'routeConfiguration', 'cluster', 'waypoint'),
);

const patch = object<NonNullable<EnvoyConfigPatch['patch']>>({
  operation: oneOfStrings(
    'INVALID',
    'MERGE',
    'ADD',
    'REMOVE',
    'INSERT_BEFORE',
    'INSERT_AFTER',
    'INSERT_FIRST',
    'REPLACE',
    'MERGE_AND_REPLACE_LIST',
  ),
  value: anyObject,
  filterClass: oneOfStrings('UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'),
});

const applyTo = oneOfStrings(
  'INVALID',
  'LISTENER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'CLUSTER',
  'EXTENSION_CONFIG',
  'BOOTSTRAP',
  'LISTENER_FILTER',
);

/** `spec` of networking.istio.io EnvoyFilter; patch values are kept as written. */
export const envoyFilterSpecSchema: JsonSchema = extend(
  object<EnvoyFilterSpec>({
    workloadSelector: workloadSelectorSchema,
    targetRefs: targetReferencesSchema,
    configPatches: array(object<EnvoyConfigPatch>({ applyTo, match, patch })),
    priority: int32,
  }),
  atMostOneOf('workloadSelector', 'targetRefs'),
);
