import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type TransportSocket,
  TransportSocketSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type CertificateValidationContext,
  CertificateValidationContextSchema,
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type CommonTlsContext,
  CommonTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { withMetadataExchange } from '../envoy/metadata-exchange.ts';
import { secretName, secretSource } from '../envoy/secret-source.ts';
import type { ClientTls } from '../input/traffic-policy.ts';
import type { IstioExtensions } from '../proxy/istio-extensions.ts';

/**
 * ALPN between sidecars, by which the server knows mesh mTLS and what is in it. The filter `istio.alpn`
 * says for each request which HTTP it is; without it the port says that it is HTTP, in a version that the
 * server never agrees on and so finds out by itself.
 */
const meshAlpn = ({ extensions, http, http2 }: UpstreamTlsTarget): string[] => {
  const alpn = withMetadataExchange(http2 ? ['istio', 'h2'] : ['istio'], extensions);
  return http && !extensions.alpn ? [http2 ? 'istio-h2' : 'istio-http/1.1', ...alpn] : alpn;
};

/** Clients of Envoy speak no newer version than 1.2 unless told. */
const tlsParams = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};

/** What TLS to a cluster depends on besides the rule. */
export interface UpstreamTlsTarget {
  /** `outbound_.9080_.v1_.host`. */
  readonly meshSni: string;
  /** The port is declared as HTTP of some version. */
  readonly http: boolean;
  readonly http2: boolean;
  readonly extensions: IstioExtensions;
  /** ServiceEntry.subjectAltNames, used where the rule names none. */
  readonly subjectAltNames: readonly string[];
  /** Identities of the service's workloads, for the mesh's own mTLS; empty: none is known yet. */
  readonly identities: readonly string[];
}

const tlsSocket = (commonTlsContext: CommonTlsContext, sni: string): TransportSocket =>
  create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: packAny(
        UpstreamTlsContextSchema,
        create(UpstreamTlsContextSchema, { commonTlsContext, sni }),
      ),
    },
  });

const validation = (
  subjectAltNames: readonly string[],
  revoked: string | undefined,
): CertificateValidationContext =>
  create(CertificateValidationContextSchema, {
    ...(revoked && { crl: { specifier: { case: 'filename', value: revoked } } }),
    matchTypedSubjectAltNames: subjectAltNames.map((name) => ({
      sanType: name.includes('://')
        ? SubjectAltNameMatcher_SanType.URI
        : SubjectAltNameMatcher_SanType.DNS,
      matcher: { matchPattern: { case: 'exact' as const, value: name } },
    })),
  });

/** `revoked`: file of a revocation list. */
const combined = (subjectAltNames: readonly string[], root: string, revoked?: string) => ({
  case: 'combinedValidationContext' as const,
  value: {
    defaultValidationContext: validation(subjectAltNames, revoked),
    validationContextSdsSecretConfig: secretSource(root),
  },
});

/**
 * mTLS with the workload's own certificate. A rule may give other names and another SNI than the
 * service's; without any names every identity that the mesh's roots vouch for is taken.
 */
export const meshTlsSocket = (
  target: UpstreamTlsTarget,
  tls: Pick<ClientTls, 'sni' | 'subjectAltNames'> | undefined,
): TransportSocket => {
  const own = [...new Set([...target.subjectAltNames, ...target.identities])];
  const sans = tls !== undefined && tls.subjectAltNames.length > 0 ? tls.subjectAltNames : own;
  const common = create(CommonTlsContextSchema, {
    tlsParams,
    alpnProtocols: meshAlpn(target),
    tlsCertificateSdsSecretConfigs: [secretSource(secretName.workload)],
    validationContextType: combined(sans, secretName.workloadRoot),
  });
  return tlsSocket(common, tls?.sni || target.meshSni);
};

const rootOf = (tls: ClientTls): string => {
  if (tls.credentialName) return secretName.credentialRoot(tls.credentialName);
  return tls.caCertificates ? secretName.rootFile(tls.caCertificates) : secretName.systemRoot;
};

/** Of a credential, the list of what is revoked is in its secret. */
const revokedFile = ({ caCrl, credentialName }: ClientTls): string | undefined =>
  credentialName ? undefined : caCrl;

const clientCertificates = (tls: ClientTls) => {
  if (tls.mode !== 'MUTUAL') return [];
  if (tls.credentialName) return [secretSource(secretName.credential(tls.credentialName))];
  return [secretSource(secretName.files(tls.clientCertificate ?? '', tls.privateKey ?? ''))];
};

/** TLS origination, modes SIMPLE and MUTUAL. */
export const originatedTlsSocket = (tls: ClientTls, target: UpstreamTlsTarget): TransportSocket => {
  const sans = tls.subjectAltNames.length > 0 ? tls.subjectAltNames : target.subjectAltNames;
  const common = create(CommonTlsContextSchema, {
    tlsParams,
    alpnProtocols: target.http2 ? ['h2'] : [],
    tlsCertificateSdsSecretConfigs: clientCertificates(tls),
    ...(tls.insecureSkipVerify === true
      ? {}
      : { validationContextType: combined(sans, rootOf(tls), revokedFile(tls)) }),
  });
  return tlsSocket(common, tls.sni ?? '');
};
