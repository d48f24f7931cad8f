import { create } from '@bufbuild/protobuf';
import { isHttpProtocol } from '@lateen/api';
import {
  type FilterChain,
  FilterChainSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { RouteSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { inboundCluster } from '../naming/cluster-name.ts';
import type { ServiceTarget } from '../proxy/service-target.ts';
import { isSniffed } from '../registry/protocol.ts';
import { routeMatch } from '../route/route-match.ts';
import { maxDirectResponseBytes } from '../route/sidecar-route.ts';
import { downstreamTls } from './downstream-tls.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { tcpFilters } from './tcp-proxy.ts';

/** Everything to the app: no time-out, no retries; those are the client's business. */
const inboundRoute = (target: ServiceTarget): RouteConfiguration => {
  const { number } = target.servicePort;
  const hostname = target.services[0]?.hostname ?? '';
  return create(RouteConfigurationSchema, {
    name: inboundCluster(target.port),
    validateClusters: false,
    maxDirectResponseBodySizeBytes: maxDirectResponseBytes,
    virtualHosts: [
      {
        name: `inbound|http|${number}`,
        domains: ['*'],
        routes: [
          create(RouteSchema, {
            name: 'default',
            match: routeMatch(undefined),
            action: {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: inboundCluster(target.port) },
                timeout: duration(0),
                maxGrpcTimeout: duration(0),
              },
            },
            decorator: { operation: `${hostname}:${number}/*` },
          }),
        ],
      },
    ],
  });
};

const httpChain = (mesh: MeshConfig, target: ServiceTarget) =>
  httpConnectionManager({
    mesh,
    listenerClass: 'sidecar-inbound',
    statPrefix: `inbound_0.0.0.0_${target.port}`,
    route: inboundRoute(target),
  });

/** A chain for connections that `match` describes: HTTP where `asHttp`, else TCP. */
const chain = (
  mesh: MeshConfig,
  target: ServiceTarget,
  asHttp: boolean,
  match: MessageFields<typeof FilterChainSchema>['filterChainMatch'],
): FilterChain =>
  create(FilterChainSchema, {
    name: `0.0.0.0_${target.port}`,
    ...(match !== undefined && { filterChainMatch: match }),
    ...(target.ingress?.tls && {
      transportSocket: downstreamTls(target.ingress.tls, asHttp ? ['h2', 'http/1.1'] : []),
    }),
    filters: asHttp
      ? [httpChain(mesh, target)]
      : tcpFilters({
          mesh,
          listenerClass: 'sidecar-inbound',
          statPrefix: inboundCluster(target.port),
          targets: [{ cluster: inboundCluster(target.port), weight: 1 }],
        }),
  });

/** ALPN values the HTTP inspector reports for plaintext HTTP. */
const plaintextHttp = ['http/1.1', 'h2c'];

/**
 * The filter chains of one workload port. `byPort`: several ports share a listener and are told
 * apart by destination port. An undeclared protocol gets a chain for HTTP and two for the rest.
 */
export const inboundChains = (
  mesh: MeshConfig,
  target: ServiceTarget,
  byPort: boolean,
): FilterChain[] => {
  const { protocol } = target.servicePort;
  const port = byPort ? { destinationPort: target.port } : {};
  if (isSniffed(protocol)) {
    return [
      chain(mesh, target, true, {
        ...port,
        transportProtocol: 'raw_buffer',
        applicationProtocols: plaintextHttp,
      }),
      // Transport is chosen before ALPN, so plaintext that is no HTTP needs a chain of its own.
      chain(mesh, target, false, { ...port, transportProtocol: 'raw_buffer' }),
      chain(mesh, target, false, byPort ? port : undefined),
    ];
  }
  return [chain(mesh, target, isHttpProtocol(protocol), byPort ? port : undefined)];
};
