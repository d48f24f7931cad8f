import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type Filter,
  FilterSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { RouteConfiguration } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import {
  HttpConnectionManager_ForwardClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
  type HttpFilter,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { UuidRequestIdConfigSchema } from '@lateen/xds/gen/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import { adsSource } from '../envoy/config-source.ts';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { ListenerTelemetry } from '../telemetry/listener-telemetry.ts';
import type { ListenerClass } from '../telemetry/side.ts';
import { httpFilters } from './http-filters.ts';

type Fields = MessageFields<typeof HttpConnectionManagerSchema>;

/** What tells one HTTP connection manager from another. */
export interface HttpConnectionManagerOptions {
  readonly mesh: MeshConfig;
  readonly listenerClass: ListenerClass;
  readonly telemetry: ListenerTelemetry;
  readonly statPrefix: string;
  /** Name of a route configuration that comes by RDS, or the configuration itself. */
  readonly route: string | RouteConfiguration;
  /** Takes `GET http://host/ HTTP/1.1` as forward proxies do. */
  readonly forwardProxy?: boolean;
  /** Filters of the workload's policies, before all others. */
  readonly policies?: readonly HttpFilter[];
  /** Some destinations are resolved by the name in the request. */
  readonly dynamicDns?: boolean;
}

/** Requests come from outside: the client's address is the connection's, its claims are dropped. */
const gatewayFields = (mesh: MeshConfig): Fields => ({
  useRemoteAddress: true,
  xffNumTrustedHops: mesh.numTrustedProxies,
  forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.SANITIZE_SET,
  setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true },
  serverName: 'istio-envoy',
});

const inboundFields: Fields = {
  useRemoteAddress: false,
  forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.APPEND_FORWARD,
  setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
  serverName: 'istio-envoy',
};

/** The server's own `server` header goes through to the app. */
const outboundFields: Fields = {
  useRemoteAddress: false,
  serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH,
};

const classFields = (listenerClass: ListenerClass, mesh: MeshConfig): Fields => {
  if (listenerClass === 'gateway') return gatewayFields(mesh);
  return listenerClass === 'sidecar-inbound' ? inboundFields : outboundFields;
};

/** MeshConfig.pathNormalization: what policies and routes see of a path. */
const normalizationFields = ({ pathNormalization }: MeshConfig): Fields => ({
  normalizePath: pathNormalization !== 'NONE',
  mergeSlashes:
    pathNormalization === 'MERGE_SLASHES' || pathNormalization === 'DECODE_AND_MERGE_SLASHES',
  pathWithEscapedSlashesAction:
    pathNormalization === 'DECODE_AND_MERGE_SLASHES'
      ? HttpConnectionManager_PathWithEscapedSlashesAction.UNESCAPE_AND_FORWARD
      : HttpConnectionManager_PathWithEscapedSlashesAction.KEEP_UNCHANGED,
});

const requestIdExtension = ({ useRequestIdForTraceSampling }: ListenerTelemetry): Fields => ({
  requestIdExtension: {
    typedConfig: packAny(
      UuidRequestIdConfigSchema,
      create(UuidRequestIdConfigSchema, { useRequestIdForTraceSampling }),
    ),
  },
});

const routeSpecifier = (route: string | RouteConfiguration): Fields => ({
  routeSpecifier:
    typeof route === 'string'
      ? { case: 'rds', value: { configSource: adsSource(), routeConfigName: route } }
      : { case: 'routeConfig', value: route },
});

/** `envoy.filters.network.http_connection_manager` as Istio sets it up. */
export const httpConnectionManager = (options: HttpConnectionManagerOptions): Filter => {
  const { mesh, listenerClass, telemetry, statPrefix, route, forwardProxy } = options;
  const { stats, extensions, tracing, accessLogs } = telemetry;
  const manager = create(HttpConnectionManagerSchema, {
    // A trailing delimiter keeps stat tags of names with dots apart.
    statPrefix: `${statPrefix};`,
    ...classFields(listenerClass, mesh),
    ...routeSpecifier(route),
    ...requestIdExtension(telemetry),
    ...(tracing && { tracing }),
    httpFilters: [
      ...(options.policies ?? []),
      ...httpFilters({ listenerClass, stats, extensions, dynamicDns: options.dynamicDns ?? false }),
    ],
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    streamIdleTimeout: duration(0),
    ...normalizationFields(mesh),
    accessLog: [...accessLogs.chains],
    ...(forwardProxy === true && { httpProtocolOptions: { allowAbsoluteUrl: true } }),
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: packAny(HttpConnectionManagerSchema, manager) },
  });
};
