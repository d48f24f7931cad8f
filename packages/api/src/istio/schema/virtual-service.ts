import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  int32,
  object,
  string,
  stringMap,
  strings,
  uint32,
} from '../../schema/combinators.ts';
import type {
  RouteDestination,
  TcpMatch,
  TcpRoute,
  TlsMatch,
  TlsRoute,
  VirtualServiceSpec,
} from '../virtual-service.ts';
import { httpRouteSchema } from './http-route.ts';
import { destinationSchema, exportToSchema } from './part.ts';

const destination = object<RouteDestination>({ destination: destinationSchema, weight: int32 }, [
  'destination',
]);

const tlsMatch = object<TlsMatch>(
  {
    sniHosts: strings,
    destinationSubnets: strings,
    port: uint32,
    sourceLabels: stringMap,
    gateways: strings,
    sourceNamespace: string,
  },
  ['sniHosts'],
);

const tcpMatch = object<TcpMatch>({
  destinationSubnets: strings,
  port: uint32,
  sourceSubnet: string,
  sourceLabels: stringMap,
  gateways: strings,
  sourceNamespace: string,
});

/** `spec` of networking.istio.io VirtualService. */
export const virtualServiceSpecSchema: JsonSchema = object<VirtualServiceSpec>({
  hosts: strings,
  gateways: strings,
  http: array(httpRouteSchema),
  tls: array(object<TlsRoute>({ match: array(tlsMatch), route: array(destination) }, ['match'])),
  tcp: array(object<TcpRoute>({ match: array(tcpMatch), route: array(destination) })),
  exportTo: exportToSchema,
});
