import { create } from '@bufbuild/protobuf';
import { type Address, AddressSchema } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import {
  type ResponseFlags,
  ResponseFlags_Unauthorized_Reason,
  ResponseFlags_UnauthorizedSchema,
  ResponseFlagsSchema,
  type TLSProperties,
  TLSPropertiesSchema,
  TLSProperties_TLSVersion as TlsVersion,
} from '@lateen/xds/gen/envoy/data/accesslog/v3/accesslog_pb.js';
import type { CertificateIdentity, FormatContext } from './format-context.ts';

/** `ip:port` and `[ip]:port` as a socket's address under this name; nothing where it is none. */
export const socketAddress = <Key extends string>(
  key: Key,
  text: string | undefined,
): { readonly [Name in Key]?: Address } => {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text ?? '') ?? [];
  if (port === undefined) return {};
  const value = create(AddressSchema, {
    address: {
      case: 'socketAddress',
      value: {
        address: bracketed ?? plain,
        portSpecifier: { case: 'portValue', value: Number(port) },
      },
    },
  });
  return { [key]: value } as { readonly [Name in Key]?: Address };
};

type FlagName = Exclude<keyof ResponseFlags, `$${string}` | 'unauthorizedDetails'>;

/** Envoy's short flags, and the fields they are. `UAEX` has a message. */
const flagFields: Readonly<Record<string, FlagName>> = {
  LH: 'failedLocalHealthcheck',
  UH: 'noHealthyUpstream',
  UT: 'upstreamRequestTimeout',
  LR: 'localReset',
  UR: 'upstreamRemoteReset',
  UF: 'upstreamConnectionFailure',
  UC: 'upstreamConnectionTermination',
  UO: 'upstreamOverflow',
  NR: 'noRouteFound',
  DI: 'delayInjected',
  FI: 'faultInjected',
  RL: 'rateLimited',
  RLSE: 'rateLimitServiceError',
  DC: 'downstreamConnectionTermination',
  URX: 'upstreamRetryLimitExceeded',
  SI: 'streamIdleTimeout',
  IH: 'invalidEnvoyRequestHeaders',
  DPE: 'downstreamProtocolError',
  UMSDR: 'upstreamMaxStreamDurationReached',
  RFCF: 'responseFromCacheFilter',
  NFCF: 'noFilterConfigFound',
  DT: 'durationTimeout',
  UPE: 'upstreamProtocolError',
  NC: 'noClusterFound',
  OM: 'overloadManager',
  DF: 'dnsResolutionFailure',
  DR: 'downstreamRemoteReset',
};

/** `UF,URX` as a message. */
export const logFlags = (flags: string | undefined): ResponseFlags => {
  const message = create(ResponseFlagsSchema);
  for (const flag of (flags ?? '').split(',')) {
    const field = Object.hasOwn(flagFields, flag) ? flagFields[flag] : undefined;
    if (field !== undefined) message[field] = true;
  }
  if (flags?.split(',').includes('UAEX') === true) {
    const reason = ResponseFlags_Unauthorized_Reason.EXTERNAL_SERVICE;
    message.unauthorizedDetails = create(ResponseFlags_UnauthorizedSchema, { reason });
  }
  return message;
};

const tlsVersions: Readonly<Record<string, TlsVersion>> = {
  TLSv1: TlsVersion.TLSv1,
  'TLSv1.1': TlsVersion.TLSv1_1,
  'TLSv1.2': TlsVersion.TLSv1_2,
  'TLSv1.3': TlsVersion.TLSv1_3,
};

/** IANA's numbers of the suites that are still in use. */
const cipherSuites: Readonly<Record<string, number>> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 0xc02f,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
};

type Sans = NonNullable<TLSProperties['localCertificateProperties']>['subjectAltName'];

const certificate = ({ uriSans, dnsSans, subject }: CertificateIdentity, issuer = '') => ({
  subjectAltName: [
    ...uriSans.map((value) => ({ san: { case: 'uri', value } as const })),
    ...dnsSans.map((value) => ({ san: { case: 'dns', value } as const })),
  ] as Sans,
  subject,
  issuer,
});

/** What a connection's TLS agreed on; nothing in plain text. */
export const logTls = ({
  downstreamTls: tls,
  requestedServerName = '',
}: FormatContext): { readonly tlsProperties?: TLSProperties } => {
  if (tls === undefined) return {};
  const suite = Object.hasOwn(cipherSuites, tls.cipher) ? cipherSuites[tls.cipher] : undefined;
  const tlsProperties = create(TLSPropertiesSchema, {
    tlsVersion: tlsVersions[tls.version] ?? TlsVersion.VERSION_UNSPECIFIED,
    ...(suite !== undefined && { tlsCipherSuite: suite }),
    tlsSniHostname: requestedServerName,
    localCertificateProperties: certificate(tls.local),
    ...(tls.peer && { peerCertificateProperties: certificate(tls.peer, tls.peer.issuer) }),
  });
  return { tlsProperties };
};
