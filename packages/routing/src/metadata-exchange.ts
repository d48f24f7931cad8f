import type { Any } from '@bufbuild/protobuf/wkt';
import { TypedStructSchema as UdpaTypedStructSchema } from '@lateen/xds/gen/udpa/type/v1/typed_struct_pb.js';
import { TypedStructSchema } from '@lateen/xds/gen/xds/type/v3/typed_struct_pb.js';
import { holds, unpack } from './any-message.ts';
import type { Findings } from './findings.ts';

/** Istio's settings message, which control planes send inside a TypedStruct. */
const messageName = 'envoy.tcp.metadataexchange.config.MetadataExchange';

/** `istio.metadata_exchange` for TCP: both ends say who they are before the first byte. */
export interface MetadataExchangeSettings {
  readonly kind: 'metadata-exchange';
  /** The ALPN value that says both ends do it; empty: they never do. */
  readonly protocol: string;
}

/** Decodes the settings; undefined when the Any holds something else. */
export const compileMetadataExchange = (
  any: Any,
  findings: Findings,
  path: string,
): MetadataExchangeSettings | undefined => {
  const schema = [UdpaTypedStructSchema, TypedStructSchema].find((one) => holds(any, one));
  if (schema === undefined) return undefined;
  const message = unpack(any, schema, findings, path);
  if (message === undefined || !message.typeUrl.endsWith(`/${messageName}`)) return undefined;
  const protocol = message.value?.['protocol'];
  return { kind: 'metadata-exchange', protocol: typeof protocol === 'string' ? protocol : '' };
};
