import type { Any } from '@bufbuild/protobuf/wkt';
import type { Checked } from '@lateen/base';
import type { TransportSocket } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { ProxyProtocolConfig_Version } from '@lateen/xds/gen/envoy/config/core/v3/proxy_protocol_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { RawBufferSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import {
  type CertificateValidationContext,
  TlsParameters_TlsProtocol as Protocol,
  SubjectAltNameMatcher_SanType as SanType,
  type TlsCertificate,
  type TlsParameters,
  CertificateValidationContext_TrustChainVerification as TrustChain,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type {
  SdsSecretConfig,
  Secret,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type CommonTlsContext,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { holds, unpack } from './any-message.ts';
import { dataSource } from './data-source.ts';
import { Findings } from './findings.ts';
import { compileStringMatch } from './string-match.ts';
import type {
  DownstreamTransport,
  PeerValidation,
  SecretReference,
  SecretTable,
  StaticCertificate,
  SubjectNameMatch,
  TlsSettings,
  TlsVersion,
  UpstreamTransport,
} from './tls-settings.ts';

const versions: Readonly<Record<number, TlsVersion>> = {
  [Protocol.TLSv1_0]: 'TLSv1',
  [Protocol.TLSv1_1]: 'TLSv1.1',
  [Protocol.TLSv1_2]: 'TLSv1.2',
  [Protocol.TLSv1_3]: 'TLSv1.3',
};

/** Envoy's defaults: servers offer up to 1.3, clients up to 1.2 unless told. */
const defaultMaximum = { downstream: 'TLSv1.3', upstream: 'TLSv1.2' } as const;

const sanTypes: Readonly<Record<number, SubjectNameMatch['type']>> = {
  [SanType.EMAIL]: 'email',
  [SanType.DNS]: 'dns',
  [SanType.URI]: 'uri',
  [SanType.IP_ADDRESS]: 'ip',
  [SanType.OTHER_NAME]: 'other',
};

const compileSubjectNames = (
  context: CertificateValidationContext,
  findings: Findings,
  path: string,
): readonly SubjectNameMatch[] => [
  ...context.matchTypedSubjectAltNames.flatMap((entry, index) => {
    if (entry.matcher === undefined) return [];
    const at = `${path}.match_typed_subject_alt_names[${index}].matcher`;
    const match = compileStringMatch(entry.matcher, findings, at);
    return [{ type: sanTypes[entry.sanType] ?? 'any', match }];
  }),
  ...context.matchSubjectAltNames.map((matcher, index) => ({
    type: 'any' as const,
    match: compileStringMatch(matcher, findings, `${path}.match_subject_alt_names[${index}]`),
  })),
];

type TrustedCa = PeerValidation['trustedCa'];

/** Where a named secret comes from: the first gRPC service of its source, or ADS. */
const secretReference = ({ name, sdsConfig }: SdsSecretConfig): SecretReference => {
  const source = sdsConfig?.configSourceSpecifier;
  const services = source?.case === 'apiConfigSource' ? source.value.grpcServices : [];
  const target = services[0]?.targetSpecifier;
  const server = target?.case === 'envoyGrpc' ? target.value.clusterName : '';
  return { kind: 'sds', name, server };
};

const compileValidation = (
  context: CertificateValidationContext,
  sds: SecretReference | undefined,
  findings: Findings,
  path: string,
): PeerValidation => {
  const system: TrustedCa = context.systemRootCerts === undefined ? undefined : 'system';
  const trustedCa = sds ?? dataSource(context.trustedCa) ?? system;
  const crl = dataSource(context.crl);
  return {
    ...(trustedCa !== undefined && { trustedCa }),
    subjectNames: compileSubjectNames(context, findings, path),
    spkiPins: context.verifyCertificateSpki,
    certificatePins: context.verifyCertificateHash,
    ...(crl !== undefined && { crl }),
    allowExpired: context.allowExpiredCertificate,
    acceptUntrusted: context.trustChainVerification === TrustChain.ACCEPT_UNTRUSTED,
  };
};

const nothingChecked: PeerValidation = {
  subjectNames: [],
  spkiPins: [],
  certificatePins: [],
  allowExpired: false,
  acceptUntrusted: false,
};

const compileValidationType = (
  context: CommonTlsContext,
  findings: Findings,
  path: string,
): PeerValidation | undefined => {
  const type = context.validationContextType;
  switch (type.case) {
    case 'validationContext':
      return compileValidation(type.value, undefined, findings, `${path}.validation_context`);
    case 'validationContextSdsSecretConfig':
      return { ...nothingChecked, trustedCa: secretReference(type.value) };
    case 'combinedValidationContext': {
      const { validationContextSdsSecretConfig: config, defaultValidationContext: base } =
        type.value;
      const sds = config && secretReference(config);
      if (base === undefined) return { ...nothingChecked, ...(sds && { trustedCa: sds }) };
      const at = `${path}.combined_validation_context.default_validation_context`;
      return compileValidation(base, sds, findings, at);
    }
    case undefined:
      return undefined;
    default:
      findings.error(
        `${path}.${type.case}`,
        'FieldUnsupported',
        'certificate providers are not known',
      );
      return undefined;
  }
};

const compileCertificate = (
  certificate: TlsCertificate,
  findings: Findings,
  path: string,
): readonly StaticCertificate[] => {
  const chain = dataSource(certificate.certificateChain);
  const privateKey = dataSource(certificate.privateKey);
  if (chain === undefined || privateKey === undefined) {
    findings.error(path, 'FieldRequired', 'certificate_chain and private_key are required');
    return [];
  }
  return [{ kind: 'static', chain, privateKey }];
};

const compileVersions = (
  params: TlsParameters | undefined,
  role: 'downstream' | 'upstream',
): { minVersion: TlsVersion; maxVersion: TlsVersion } => {
  const minVersion = versions[params?.tlsMinimumProtocolVersion ?? 0] ?? 'TLSv1.2';
  const wanted = versions[params?.tlsMaximumProtocolVersion ?? 0] ?? defaultMaximum[role];
  const isOrdered = wanted >= minVersion;
  return { minVersion, maxVersion: isOrdered ? wanted : minVersion };
};

const compileCommon = (
  context: CommonTlsContext | undefined,
  role: 'downstream' | 'upstream',
  findings: Findings,
  path: string,
): TlsSettings => {
  const params = context?.tlsParams;
  const validation =
    context === undefined ? undefined : compileValidationType(context, findings, path);
  return {
    ...compileVersions(params, role),
    cipherSuites: params?.cipherSuites ?? [],
    ecdhCurves: params?.ecdhCurves ?? [],
    certificates: [
      ...(context?.tlsCertificateSdsSecretConfigs ?? []).map(secretReference),
      ...(context?.tlsCertificates ?? []).flatMap((certificate, index) =>
        compileCertificate(certificate, findings, `${path}.tls_certificates[${index}]`),
      ),
    ],
    ...(validation && { validation }),
    alpn: context?.alpnProtocols ?? [],
  };
};

const anyOf = (socket: TransportSocket): Any | undefined =>
  socket.configType.case === 'typedConfig' ? socket.configType.value : undefined;

const isPlain = (socket: TransportSocket, any: Any | undefined): boolean =>
  any === undefined ? socket.name.endsWith('raw_buffer') : holds(any, RawBufferSchema);

/** Compiles what a filter chain wraps its connections in; absent: plain text. */
export const compileDownstreamTransport = (
  socket: TransportSocket | undefined,
  findings: Findings,
  path: string,
): DownstreamTransport => {
  if (socket === undefined) return { kind: 'plain' };
  const any = anyOf(socket);
  if (isPlain(socket, any)) return { kind: 'plain' };
  if (any === undefined || !holds(any, DownstreamTlsContextSchema)) {
    return { kind: 'unknown', name: socket.name, typeUrl: any?.typeUrl ?? '' };
  }
  const context = unpack(any, DownstreamTlsContextSchema, findings, path);
  const at = `${path}.common_tls_context`;
  return {
    kind: 'tls',
    tls: {
      ...compileCommon(context?.commonTlsContext, 'downstream', findings, at),
      requireClientCertificate: context?.requireClientCertificate ?? false,
      requireServerName: context?.requireSni ?? false,
      withoutResumption:
        context?.sessionTicketKeysType.case === 'disableStatelessSessionResumption' &&
        context.sessionTicketKeysType.value,
    },
  };
};

/** Proxy protocol around proxy protocol makes no sense beyond this depth. */
const maxWrapping = 4;

/** Compiles what upstream connections are wrapped in; absent: plain text. */
export const compileUpstreamTransport = (
  socket: TransportSocket | undefined,
  findings: Findings,
  path: string,
  depth = 0,
): UpstreamTransport => {
  if (socket === undefined) return { kind: 'plain' };
  const any = anyOf(socket);
  if (isPlain(socket, any)) return { kind: 'plain' };
  if (any !== undefined && holds(any, UpstreamTlsContextSchema)) {
    const context = unpack(any, UpstreamTlsContextSchema, findings, path);
    const at = `${path}.common_tls_context`;
    const common = compileCommon(context?.commonTlsContext, 'upstream', findings, at);
    const maxSessionKeys = context?.maxSessionKeys ?? 1;
    return { kind: 'tls', tls: { ...common, serverName: context?.sni ?? '', maxSessionKeys } };
  }
  if (
    any !== undefined &&
    holds(any, ProxyProtocolUpstreamTransportSchema) &&
    depth < maxWrapping
  ) {
    const wrapped = unpack(any, ProxyProtocolUpstreamTransportSchema, findings, path);
    const version = wrapped?.config?.version === ProxyProtocolConfig_Version.V2 ? 2 : 1;
    const inner = wrapped?.transportSocket;
    const at = `${path}.transport_socket`;
    return {
      kind: 'proxy-protocol',
      version,
      inner: compileUpstreamTransport(inner, findings, at, depth + 1),
    };
  }
  return { kind: 'unknown', name: socket.name, typeUrl: any?.typeUrl ?? '' };
};

/** Compiles a secret that came by SDS. */
export const compileSecret = ({ type }: Secret): Checked<SecretTable> => {
  const findings = new Findings();
  if (type.case === 'tlsCertificate') {
    const [certificate] = compileCertificate(type.value, findings, 'tls_certificate');
    return findings.checked(certificate && { kind: 'certificate', certificate });
  }
  if (type.case === 'validationContext') {
    const validation = compileValidation(type.value, undefined, findings, 'validation_context');
    return findings.checked({ kind: 'validation', validation });
  }
  return findings.checked({ kind: 'other' });
};
