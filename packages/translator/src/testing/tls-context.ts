import { fromBinary } from '@bufbuild/protobuf';
import type { TransportSocket } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { CommonTlsContext } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';

const bytesOf = (socket: TransportSocket | undefined): Uint8Array => {
  if (socket?.configType.case !== 'typedConfig') throw new Error('no TLS');
  return socket.configType.value.value;
};

/** Where a secret comes from. */
const sourceOf = (source: { readonly sdsConfig?: unknown } | undefined): string =>
  JSON.stringify(source?.sdsConfig, (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  ).includes('sds-grpc')
    ? 'agent'
    : 'ads';

/** TLS as tests compare it; what is not there is undefined. */
interface CommonView {
  readonly certificates: readonly string[] | undefined;
  readonly roots: string | undefined;
  readonly names: readonly string[] | undefined;
  readonly alpn: readonly string[] | undefined;
}

const common = (context: CommonTlsContext | undefined): CommonView => {
  const validation = context?.validationContextType;
  const combined = validation?.case === 'combinedValidationContext' ? validation.value : undefined;
  return {
    certificates: context?.tlsCertificateSdsSecretConfigs.map(
      (config) => `${config.name} ${sourceOf(config)}`,
    ),
    roots:
      combined?.validationContextSdsSecretConfig &&
      `${combined.validationContextSdsSecretConfig.name} ${sourceOf(combined.validationContextSdsSecretConfig)}`,
    names: combined?.defaultValidationContext?.matchTypedSubjectAltNames.map(
      ({ matcher }) => `${matcher?.matchPattern.case} ${String(matcher?.matchPattern.value)}`,
    ),
    alpn: context?.alpnProtocols,
  };
};

/** What tests ask of a server's TLS. */
export const downstreamTlsOf = (
  socket: TransportSocket | undefined,
): CommonView & { readonly required: boolean | undefined } => {
  const context = fromBinary(DownstreamTlsContextSchema, bytesOf(socket));
  return { ...common(context.commonTlsContext), required: context.requireClientCertificate };
};

/** What tests ask of a client's TLS. */
export const upstreamTlsOf = (
  socket: TransportSocket | undefined,
): CommonView & { readonly sni: string } => {
  const context = fromBinary(UpstreamTlsContextSchema, bytesOf(socket));
  return { ...common(context.commonTlsContext), sni: context.sni };
};
