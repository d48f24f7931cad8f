/** What can go wrong with the world around a proxy. */
export type ProxyErrorCode =
  /** The bootstrap file cannot be read or is not a Bootstrap. */
  | 'BootstrapInvalid'
  /** An address cannot be bound. */
  | 'BindFailed'
  /** A certificate or key cannot be read. */
  | 'CertificateInvalid'
  /** A secret that a TLS context names has not come. */
  | 'SecretMissing';

/** The one error class of this package. Traffic never throws it: requests fail by response flags. */
export class ProxyError extends Error {
  readonly code: ProxyErrorCode;

  constructor(code: ProxyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProxyError';
    this.code = code;
  }
}
