import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type {
  Filter,
  ListenerFilter,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { ExtAuthzSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import { HttpConnectionManagerSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import { TcpProxySchema } from '@lateen/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { PluginConfigSchema } from '@lateen/xds/gen/istio/envoy/extensions/stats/config_pb.js';
import { holds, unpack } from './any-message.ts';
import { compileNetworkExtAuthz } from './ext-authz-compilation.ts';
import type { RawFilterConfig } from './filter-config.ts';
import type { Findings } from './findings.ts';
import { compileHttpConnectionManager } from './http-connection-manager-compilation.ts';
import type { NetworkFilter } from './listener-table.ts';
import { compileMeshStats } from './mesh-stats-compilation.ts';
import { compileMetadataExchange } from './metadata-exchange.ts';
import { compileNetworkRbac } from './rbac-compilation.ts';
import { compileTcpProxy } from './tcp-proxy.ts';

/** Settings nobody here interprets. */
export const rawFilter = (any: Any | undefined): RawFilterConfig => ({
  kind: 'raw',
  typeUrl: any?.typeUrl ?? '',
  value: any?.value ?? new Uint8Array(),
});

/** The settings of a filter as they came. */
export const anyOf = (filter: Filter | ListenerFilter): Any | undefined =>
  filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;

type Settings = NetworkFilter['settings'];
type Decoder = (any: Any, findings: Findings, path: string) => Settings | undefined;

const decoderOf =
  <Desc extends DescMessage>(
    schema: Desc,
    compile: (message: MessageShape<Desc>, findings: Findings, path: string) => Settings,
  ): Decoder =>
  (any, findings, path) => {
    if (!holds(any, schema)) return undefined;
    const message = unpack(any, schema, findings, path);
    return message === undefined ? rawFilter(any) : compile(message, findings, path);
  };

const decoders: readonly Decoder[] = [
  decoderOf(HttpConnectionManagerSchema, compileHttpConnectionManager),
  decoderOf(TcpProxySchema, compileTcpProxy),
  decoderOf(RBACSchema, compileNetworkRbac),
  decoderOf(ExtAuthzSchema, compileNetworkExtAuthz),
  decoderOf(PluginConfigSchema, compileMeshStats),
  compileMetadataExchange,
];

const decode = (any: Any | undefined, findings: Findings, path: string): Settings => {
  if (any === undefined) return rawFilter(any);
  for (const decoder of decoders) {
    const settings = decoder(any, findings, path);
    if (settings !== undefined) return settings;
  }
  return rawFilter(any);
};

/** Decodes a network filter; unknown types are kept raw. */
export const compileNetworkFilter = (
  filter: Filter,
  findings: Findings,
  path: string,
): NetworkFilter =>
  ({
    name: filter.name,
    settings: decode(anyOf(filter), findings, `${path}.typed_config`),
  }) as NetworkFilter;
