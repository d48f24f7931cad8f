import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type TransportSocket,
  TransportSocketSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { DownstreamTlsContextSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { withMetadataExchange } from '../envoy/metadata-exchange.ts';
import { secretName, secretSource } from '../envoy/secret-source.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { IstioExtensions } from '../proxy/istio-extensions.ts';

/** Istio's choice for TLS 1.2 between proxies. */
const meshCipherSuites = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

/** What the server agrees to; `istio` is only for choosing the chain and never agreed on. */
const alpn = ['h2', 'http/1.1'];

/** Any identity of the mesh's trust domain and of its aliases. */
const trustDomainNames = ({ trustDomain, trustDomainAliases }: MeshConfig) =>
  [...new Set([trustDomain, ...trustDomainAliases])].map((domain) => ({
    sanType: SubjectAltNameMatcher_SanType.URI,
    matcher: { matchPattern: { case: 'prefix' as const, value: `spiffe://${domain}/` } },
  }));

/** The mesh's mTLS on the server's side: the workload's certificate, and one asked of every client. */
export const meshDownstreamTls = (
  mesh: MeshConfig,
  http: boolean,
  extensions: IstioExtensions,
): TransportSocket => {
  const context = create(DownstreamTlsContextSchema, {
    requireClientCertificate: true,
    commonTlsContext: {
      alpnProtocols: http ? alpn : withMetadataExchange(alpn, extensions),
      tlsParams: {
        tlsMinimumProtocolVersion:
          mesh.meshMtlsMinProtocolVersion === 'TLSV1_3'
            ? TlsParameters_TlsProtocol.TLSv1_3
            : TlsParameters_TlsProtocol.TLSv1_2,
        tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
        cipherSuites: meshCipherSuites,
      },
      tlsCertificateSdsSecretConfigs: [secretSource(secretName.workload)],
      validationContextType: {
        case: 'combinedValidationContext',
        value: {
          defaultValidationContext: { matchTypedSubjectAltNames: trustDomainNames(mesh) },
          validationContextSdsSecretConfig: secretSource(secretName.workloadRoot),
        },
      },
    },
  });
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: packAny(DownstreamTlsContextSchema, context) },
  });
};
