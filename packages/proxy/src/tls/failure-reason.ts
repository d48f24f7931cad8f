/** BoringSSL's numbers of reasons, as far as handshakes end in them. */
const reasonNumbers: Readonly<Record<string, number>> = {
  CERTIFICATE_VERIFY_FAILED: 125,
  NO_SHARED_CIPHER: 186,
  UNSUPPORTED_PROTOCOL: 240,
  WRONG_VERSION_NUMBER: 247,
  SSLV3_ALERT_HANDSHAKE_FAILURE: 1040,
  SSLV3_ALERT_BAD_CERTIFICATE: 1042,
  SSLV3_ALERT_CERTIFICATE_REVOKED: 1044,
  SSLV3_ALERT_CERTIFICATE_EXPIRED: 1045,
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: 1046,
  TLSV1_ALERT_UNKNOWN_CA: 1048,
  TLSV1_ALERT_ACCESS_DENIED: 1049,
  TLSV1_ALERT_PROTOCOL_VERSION: 1070,
  TLSV1_UNRECOGNIZED_NAME: 1112,
  TLSV1_CERTIFICATE_REQUIRED: 1116,
  TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 1120,
};

/** OpenSSL's names for what BoringSSL calls otherwise. */
const reasonNames: Readonly<Record<string, string>> = {
  TLSV13_ALERT_CERTIFICATE_REQUIRED: 'TLSV1_CERTIFICATE_REQUIRED',
  TLSV1_ALERT_UNRECOGNIZED_NAME: 'TLSV1_UNRECOGNIZED_NAME',
  SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
};

/** BoringSSL's library number for SSL, in the high bits of an error. */
const sslLibrary = 16 << 24;

/** A handshake that failed, as Envoy's `%UPSTREAM_TRANSPORT_FAILURE_REASON%` prints it. */
const tlsError = (reason: string, detail: string): string => {
  const number = reasonNumbers[reason];
  const code = number === undefined ? '' : String(sslLibrary + number);
  const more = detail === '' ? '' : `:${detail.replaceAll(' ', '_')}`;
  return `TLS_error:|${code}:SSL_routines:OPENSSL_internal:${reason}${more}:TLS_error_end`;
};

/** We refused the peer's certificate; `reason` is `refusePeer`'s. */
export class PeerRefused extends Error {
  constructor(reason: string) {
    super(tlsError('CERTIFICATE_VERIFY_FAILED', reason.replace(/^verify cert failed: /, '')));
    this.name = 'PeerRefused';
  }
}

/** Why a connection could not be made, for responses and access logs. */
export const connectFailure = (error: Error): string => {
  if (error instanceof PeerRefused) return error.message;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'SecretMissing') return 'TLS_error:_Secret_is_not_supplied_by_SDS';
  if (code.startsWith('ERR_SSL_')) {
    const reason = code.slice('ERR_SSL_'.length);
    return tlsError(reasonNames[reason] ?? reason, '');
  }
  return code || error.message;
};
