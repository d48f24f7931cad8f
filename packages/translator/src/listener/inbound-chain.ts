import { create } from '@bufbuild/protobuf';
import type { TransportSocket } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type FilterChain,
  FilterChainSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { ServerTls } from '../input/gateway.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { MutualTlsMode } from '../security/peer-authentication-index.ts';
import type { PolicyFilters } from '../security/policy-filters.ts';
import type { ListenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { downstreamTls } from './downstream-tls.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { inboundRoute } from './inbound-route.ts';
import { type InboundVariant, inboundVariants } from './inbound-variant.ts';
import { meshDownstreamTls } from './mesh-tls.ts';
import { tcpFilters } from './tcp-proxy.ts';

/** Where connections of one workload port go, and what they have to be. */
export interface InboundPort {
  /** Chains are told apart by destination port; undefined: the listener has only this one. */
  readonly matchPort: number | undefined;
  readonly mode: MutualTlsMode;
  /** What a Sidecar's ingress says of TLS; counts only where the mesh's own is disabled. */
  readonly tls: ServerTls | undefined;
  readonly protocol: Parameters<typeof inboundVariants>[0];
  readonly cluster: string;
  /** Names of the chains, by what they do with the bytes. */
  readonly httpName: string;
  readonly tcpName: string;
  /** Statistics of the HTTP connection manager. */
  readonly statPrefix: string;
  /** Port and host of the service: names of routes and traces. */
  readonly servicePort: number;
  readonly hostname: string;
  readonly policies: PolicyFilters;
  readonly telemetry: ListenerTelemetry;
}

const matchOf = ({ matchPort }: InboundPort, { transport, alpn }: InboundVariant) =>
  matchPort === undefined && transport === undefined
    ? undefined
    : {
        ...(matchPort !== undefined && { destinationPort: matchPort }),
        ...(transport !== undefined && { transportProtocol: transport }),
        applicationProtocols: [...alpn],
      };

const transportSocket = (
  mesh: MeshConfig,
  { mode, tls, telemetry }: InboundPort,
  { mutualTls, http }: InboundVariant,
): TransportSocket | undefined => {
  if (mutualTls) return meshDownstreamTls(mesh, http, telemetry.extensions);
  return tls !== undefined && mode === 'DISABLE'
    ? downstreamTls(tls, http ? ['h2', 'http/1.1'] : [])
    : undefined;
};

const filtersOf = (mesh: MeshConfig, port: InboundPort, { http }: InboundVariant) =>
  http
    ? [
        httpConnectionManager({
          mesh,
          listenerClass: 'sidecar-inbound',
          telemetry: port.telemetry,
          statPrefix: port.statPrefix,
          route: inboundRoute(port),
          policies: port.policies.http,
        }),
      ]
    : tcpFilters({
        telemetry: port.telemetry,
        statPrefix: port.cluster,
        policies: port.policies.tcp,
        targets: [{ cluster: port.cluster, weight: 1 }],
      });

/** The filter chains of one workload port: one for each way in which connections may come. */
export const inboundChains = (mesh: MeshConfig, port: InboundPort): FilterChain[] =>
  inboundVariants(port.protocol, port.mode).map((variant) => {
    const filterChainMatch = matchOf(port, variant);
    const socket = transportSocket(mesh, port, variant);
    return create(FilterChainSchema, {
      name: variant.http ? port.httpName : port.tcpName,
      ...(filterChainMatch && { filterChainMatch }),
      ...(socket && { transportSocket: socket }),
      filters: filtersOf(mesh, port, variant),
    });
  });
