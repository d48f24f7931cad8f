import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type ListenerFilter,
  ListenerFilterSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { HttpInspectorSchema } from '@lateen/xds/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { OriginalDstSchema } from '@lateen/xds/gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { TlsInspectorSchema } from '@lateen/xds/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';

/** Finds out whether a connection begins with TLS, and with which SNI and ALPN. */
export const tlsInspector = (): ListenerFilter =>
  create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.tls_inspector',
    configType: {
      case: 'typedConfig',
      value: packAny(TlsInspectorSchema, create(TlsInspectorSchema)),
    },
  });

/** Finds out whether a plaintext connection begins with HTTP. */
export const httpInspector = (): ListenerFilter =>
  create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.http_inspector',
    configType: {
      case: 'typedConfig',
      value: packAny(HttpInspectorSchema, create(HttpInspectorSchema)),
    },
  });

/** Restores the address that netfilter replaced. */
export const originalDestination = (): ListenerFilter =>
  create(ListenerFilterSchema, {
    name: 'envoy.filters.listener.original_dst',
    configType: {
      case: 'typedConfig',
      value: packAny(OriginalDstSchema, create(OriginalDstSchema)),
    },
  });
