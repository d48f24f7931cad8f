import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@lateen/xds';
import { CorsSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { FilterConfigSchema as DynamicForwardProxySchema } from '@lateen/xds/gen/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js';
import { HTTPFaultSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { FilterConfigSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { RouterSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import {
  FilterConfigSchema as AlpnSchema,
  FilterConfig_Protocol,
} from '@lateen/xds/gen/istio/envoy/config/filter/http/alpn/v2alpha1/config_pb.js';
import { dnsCache } from '../cluster/dynamic-forward-proxy.ts';
import type { IstioExtensions } from '../proxy/istio-extensions.ts';
import { corsFilter } from '../route/cors.ts';
import { faultFilter } from '../route/fault.ts';
import type { ListenerClass } from '../telemetry/side.ts';

/** Istio's telemetry filter, for HTTP and TCP. */
export const statsFilter = 'istio.stats';

const filter = (name: string, value: Any): HttpFilter =>
  create(HttpFilterSchema, { name, configType: { case: 'typedConfig', value } });

const packed = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): HttpFilter => filter(name, packAny(schema, message));

/** Resolves the request's host before clusters of DYNAMIC_DNS entries are asked for it. */
const dynamicForwardProxyFilter = (): HttpFilter =>
  packed(
    'envoy.filters.http.dynamic_forward_proxy',
    DynamicForwardProxySchema,
    create(DynamicForwardProxySchema, {
      implementationSpecifier: { case: 'dnsCacheConfig', value: dnsCache },
    }),
  );

/** What mesh clients offer by ALPN for each version of HTTP, so that servers know it is HTTP. */
const alpnOverrides = [
  {
    upstreamProtocol: FilterConfig_Protocol.HTTP10,
    alpnOverride: ['istio-http/1.0', 'istio', 'http/1.0'],
  },
  {
    upstreamProtocol: FilterConfig_Protocol.HTTP11,
    alpnOverride: ['istio-http/1.1', 'istio', 'http/1.1'],
  },
  { upstreamProtocol: FilterConfig_Protocol.HTTP2, alpnOverride: ['istio-h2', 'istio', 'h2'] },
];

const alpnFilter = (): HttpFilter =>
  packed('istio.alpn', AlpnSchema, create(AlpnSchema, { alpnOverride: alpnOverrides }));

/** What decides which filters there are. */
export interface HttpFilterOptions {
  readonly listenerClass: ListenerClass;
  /** Settings of each filter of metrics. */
  readonly stats: readonly Any[];
  readonly extensions: Pick<IstioExtensions, 'alpn'>;
  /** Some destinations are resolved by the name in the request. */
  readonly dynamicDns?: boolean;
}

/** HTTP filters in Istio's order, the router last. */
export const httpFilters = ({
  listenerClass,
  stats,
  extensions,
  dynamicDns = false,
}: HttpFilterOptions): HttpFilter[] => [
  packed(
    'envoy.filters.http.grpc_stats',
    FilterConfigSchema,
    create(FilterConfigSchema, {
      emitFilterState: true,
      perMethodStatSpecifier: { case: 'statsForAllMethods', value: { value: false } },
    }),
  ),
  ...(listenerClass === 'sidecar-inbound' || !extensions.alpn ? [] : [alpnFilter()]),
  packed(faultFilter, HTTPFaultSchema, create(HTTPFaultSchema)),
  packed(corsFilter, CorsSchema, create(CorsSchema)),
  ...stats.map((config) => filter(statsFilter, config)),
  ...(dynamicDns ? [dynamicForwardProxyFilter()] : []),
  packed('envoy.filters.http.router', RouterSchema, create(RouterSchema)),
];
