import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny } from '@lateen/xds';
import { TypedStructSchema } from '@lateen/xds/gen/udpa/type/v1/typed_struct_pb.js';
import type { IstioExtensions } from '../proxy/istio-extensions.ts';

/** Istio's name of the filter, in listeners and in clusters. */
export const metadataExchangeFilter = 'istio.metadata_exchange';

/** ALPN value by which two proxies agree to say who they are before the first byte. */
export const metadataExchangeProtocol = 'istio-peer-exchange';

/** ALPN values, the exchange's first where the proxy can do it. */
export const withMetadataExchange = (
  alpn: readonly string[],
  { metadataExchange }: Pick<IstioExtensions, 'metadataExchange'>,
): string[] => (metadataExchange ? [metadataExchangeProtocol, ...alpn] : [...alpn]);

/** Settings of the filter as Istio writes them. */
export const metadataExchange: Any = packAny(
  TypedStructSchema,
  create(TypedStructSchema, {
    typeUrl: 'type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange',
    value: { protocol: metadataExchangeProtocol },
  }),
);
