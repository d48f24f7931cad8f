import type { StringMatch } from './string-match.ts';

/** Bytes that live somewhere: `envoy.config.core.v3.DataSource`. The proxy reads files and variables. */
export type DataSource =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string };

/** A secret that comes by SDS (`SdsSecretConfig`). */
export interface SecretReference {
  readonly kind: 'sds';
  readonly name: string;
  /** Cluster of the SDS server (`api_config_source`); empty: by ADS, or out of the bootstrap. */
  readonly server: string;
}

/** A certificate chain with its key, given in place. */
export interface StaticCertificate {
  readonly kind: 'static';
  readonly chain: DataSource;
  readonly privateKey: DataSource;
}

/** A certificate with its key: named in SDS, or given in place. */
export type CertificateSource = SecretReference | StaticCertificate;

/** A secret as it came (`extensions.transport_sockets.tls.v3.Secret`). */
export type SecretTable =
  | { readonly kind: 'certificate'; readonly certificate: StaticCertificate }
  | { readonly kind: 'validation'; readonly validation: PeerValidation }
  /** Session ticket keys and generic secrets: kept, not used. */
  | { readonly kind: 'other' };

/** One accepted subject alternative name; `type` is `any` for untyped matchers. */
export interface SubjectNameMatch {
  readonly type: 'any' | 'email' | 'dns' | 'uri' | 'ip' | 'other';
  readonly match: StringMatch;
}

/** How the peer's certificate is checked (`CertificateValidationContext`). */
export interface PeerValidation {
  /** Trust anchors: named in SDS, given in place, the system's, or absent (nothing is checked). */
  readonly trustedCa?: SecretReference | DataSource | 'system';
  /** Any of them suffices; empty: names are not checked. */
  readonly subjectNames: readonly SubjectNameMatch[];
  /** Base64 SHA-256 of the public key; any suffices; empty: not checked. */
  readonly spkiPins: readonly string[];
  /** Hex SHA-256 of the certificate; any suffices; empty: not checked. */
  readonly certificatePins: readonly string[];
  readonly crl?: DataSource;
  readonly allowExpired: boolean;
  /** `ACCEPT_UNTRUSTED`: the chain is not verified, names and pins still are. */
  readonly acceptUntrusted: boolean;
}

/** TLS protocol versions as Node names them. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** `CommonTlsContext` as plain data. */
export interface TlsSettings {
  /** Default as Envoy's: 1.2 for both roles. */
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL names; empty: the library's default list. */
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves: readonly string[];
  readonly certificates: readonly CertificateSource[];
  readonly validation?: PeerValidation;
  /** In order of preference. */
  readonly alpn: readonly string[];
}

/** `DownstreamTlsContext`. */
export interface DownstreamTlsSettings extends TlsSettings {
  readonly requireClientCertificate: boolean;
  readonly requireServerName: boolean;
  /** Clients cannot resume sessions (`disable_stateless_session_resumption`). Default false. */
  readonly withoutResumption: boolean;
}

/** `UpstreamTlsContext`. */
export interface UpstreamTlsSettings extends TlsSettings {
  /** Empty: no SNI is sent, unless the cluster's `autoServerName` sets it. */
  readonly serverName: string;
  /** Sessions kept for resumption (`max_session_keys`). Default 1; 0: none are resumed. */
  readonly maxSessionKeys: number;
}

/** What wraps the bytes of a downstream connection. `unknown` sockets are kept and refused at use. */
export type DownstreamTransport =
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls'; readonly tls: DownstreamTlsSettings }
  | { readonly kind: 'unknown'; readonly name: string; readonly typeUrl: string };

/** What wraps the bytes of an upstream connection. */
export type UpstreamTransport =
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls'; readonly tls: UpstreamTlsSettings }
  | {
      readonly kind: 'proxy-protocol';
      readonly version: 1 | 2;
      readonly inner: UpstreamTransport;
    }
  | { readonly kind: 'unknown'; readonly name: string; readonly typeUrl: string };
