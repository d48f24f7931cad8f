import { create } from '@bufbuild/protobuf';
import { isCipherSuite } from '@lateen/api';
import { packAny } from '@lateen/xds';
import {
  type TransportSocket,
  TransportSocketSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  CertificateValidationContext_TrustChainVerification,
  CertificateValidationContextSchema,
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { DownstreamTlsContextSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { secretName, secretSource } from '../envoy/secret-source.ts';
import type { ServerTls } from '../input/gateway.ts';

const versions: Readonly<
  Record<NonNullable<ServerTls['minProtocolVersion']>, TlsParameters_TlsProtocol>
> = {
  TLS_AUTO: TlsParameters_TlsProtocol.TLS_AUTO,
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

const certificateNames = (tls: ServerTls): readonly string[] => {
  if (tls.mode === 'ISTIO_MUTUAL') return [secretName.workload];
  const credentials = tls.credentialName ? [tls.credentialName] : tls.credentialNames;
  if (credentials.length > 0) return credentials.map(secretName.credential);
  const files = tls.tlsCertificates.length > 0 ? tls.tlsCertificates : [tls];
  return files.map(({ serverCertificate = '', privateKey = '' }) =>
    secretName.files(serverCertificate, privateKey),
  );
};

const rootName = (tls: ServerTls): string | undefined => {
  if (tls.mode === 'ISTIO_MUTUAL') return secretName.workloadRoot;
  if (tls.caCertCredentialName) return secretName.credentialRoot(tls.caCertCredentialName);
  const [credential = tls.credentialName] = tls.credentialNames;
  if (credential) return secretName.credentialRoot(credential);
  return tls.caCertificates ? secretName.rootFile(tls.caCertificates) : undefined;
};

const fileSource = (filename: string) =>
  ({ specifier: { case: 'filename', value: filename } }) as const;

const asksForClientCertificate = ({ mode }: ServerTls): boolean =>
  mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL' || mode === 'OPTIONAL_MUTUAL';

const requiresClientCertificate = ({ mode, insecureSkipVerify }: ServerTls): boolean =>
  insecureSkipVerify !== true && (mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL');

/** Client checks; OPTIONAL_MUTUAL takes a client without a certificate. */
const validationFields = (tls: ServerTls) => {
  const root = asksForClientCertificate(tls) ? rootName(tls) : undefined;
  if (root === undefined) return {};
  const defaultValidationContext = create(CertificateValidationContextSchema, {
    matchTypedSubjectAltNames: tls.subjectAltNames.map((name) => ({
      sanType: name.includes('://')
        ? SubjectAltNameMatcher_SanType.URI
        : SubjectAltNameMatcher_SanType.DNS,
      matcher: { matchPattern: { case: 'exact' as const, value: name } },
    })),
    // Of a credential, the list of what is revoked is in its secret.
    ...(tls.caCrl && root.startsWith('file-') && { crl: fileSource(tls.caCrl) }),
    verifyCertificateSpki: [...tls.verifyCertificateSpki],
    verifyCertificateHash: [...tls.verifyCertificateHash],
    trustChainVerification:
      tls.insecureSkipVerify === true
        ? CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED
        : CertificateValidationContext_TrustChainVerification.VERIFY_TRUST_CHAIN,
  });
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: { defaultValidationContext, validationContextSdsSecretConfig: secretSource(root) },
    },
  } as const;
};

/** TLS of a server that terminates it. `alpn`: what is offered, `h2` and `http/1.1` for HTTPS. */
export const downstreamTls = (tls: ServerTls, alpn: readonly string[]): TransportSocket => {
  const context = create(DownstreamTlsContextSchema, {
    requireClientCertificate: requiresClientCertificate(tls),
    commonTlsContext: {
      alpnProtocols: [...alpn],
      tlsParams: {
        tlsMinimumProtocolVersion: versions[tls.minProtocolVersion ?? 'TLSV1_2'],
        tlsMaximumProtocolVersion: versions[tls.maxProtocolVersion ?? 'TLS_AUTO'],
        // One unknown name would make a proxy refuse the listener.
        cipherSuites: [...new Set(tls.cipherSuites.filter(isCipherSuite))],
      },
      tlsCertificateSdsSecretConfigs: certificateNames(tls).map(secretSource),
      ...validationFields(tls),
    },
  });
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: packAny(DownstreamTlsContextSchema, context) },
  });
};
