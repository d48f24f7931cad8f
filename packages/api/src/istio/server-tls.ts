/** networking.istio.io ServerTLSSettings.TLSProtocol. */
export type TlsProtocol = 'TLS_AUTO' | 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';

/** networking.istio.io ServerTLSSettings. */
export interface ServerTlsSettings {
  /** Answer plain HTTP with 301. Default false. */
  readonly httpsRedirect?: boolean;
  /** Default PASSTHROUGH (the enum's zero). */
  readonly mode?:
    | 'PASSTHROUGH'
    | 'SIMPLE'
    | 'MUTUAL'
    | 'AUTO_PASSTHROUGH'
    | 'ISTIO_MUTUAL'
    | 'OPTIONAL_MUTUAL';
  readonly serverCertificate?: string;
  readonly privateKey?: string;
  readonly caCertificates?: string;
  readonly caCrl?: string;
  /** Secret with tls.key/tls.crt or key/cert, and ca.crt or cacert. */
  readonly credentialName?: string;
  /** Up to two: RSA and ECDSA. */
  readonly credentialNames?: readonly string[];
  readonly caCertCredentialName?: string;
  readonly tlsCertificates?: readonly {
    readonly serverCertificate?: string;
    readonly privateKey?: string;
    readonly caCertificates?: string;
  }[];
  /** Accepted client names (MUTUAL). */
  readonly subjectAltNames?: readonly string[];
  readonly verifyCertificateSpki?: readonly string[];
  readonly verifyCertificateHash?: readonly string[];
  /** Default TLSV1_2. */
  readonly minProtocolVersion?: TlsProtocol;
  /** Default TLS_AUTO (1.3). */
  readonly maxProtocolVersion?: TlsProtocol;
  readonly cipherSuites?: readonly string[];
  readonly insecureSkipVerify?: boolean;
}
