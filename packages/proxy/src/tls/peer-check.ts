import { createHash, type X509Certificate } from 'node:crypto';
import type { PeerValidation } from '@lateen/routing';
import { parseSubjectNames } from './certificate-names.ts';

/** Codes that `allow_expired_certificate` forgives. */
const expiredCodes: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

const sha256 = (bytes: Uint8Array, encoding: 'hex' | 'base64'): string =>
  createHash('sha256').update(bytes).digest(encoding);

const pinMatches = (certificate: X509Certificate, validation: PeerValidation): boolean => {
  const { spkiPins, certificatePins } = validation;
  if (spkiPins.length === 0 && certificatePins.length === 0) return true;
  const digest = sha256(certificate.raw, 'hex');
  if (certificatePins.some((pin) => pin.replaceAll(':', '').toLowerCase() === digest)) return true;
  if (spkiPins.length === 0) return false;
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return spkiPins.includes(sha256(key, 'base64'));
};

/** A session may be resumed after the certificate it was made with has run out. */
const expiry = ({ validToDate }: X509Certificate): string | undefined =>
  validToDate.getTime() < Date.now() ? 'CERT_HAS_EXPIRED' : undefined;

/** What is to be checked of a peer. */
export interface PeerRules {
  readonly validation: PeerValidation | undefined;
  readonly verifiesChain: boolean;
}

/**
 * Why a peer's certificate is refused, in Envoy's words; undefined: it is accepted. `chainError` is
 * the library's verdict on the chain, a code such as `CERT_HAS_EXPIRED`.
 */
export const refusePeer = (
  certificate: X509Certificate | undefined,
  chainError: string | undefined,
  rules: PeerRules,
): string | undefined => {
  const { validation, verifiesChain } = rules;
  if (validation === undefined) return undefined;
  if (certificate === undefined) return 'no certificate';
  if (verifiesChain) {
    const error = chainError ?? expiry(certificate);
    const isForgiven = error !== undefined && validation.allowExpired && expiredCodes.has(error);
    if (error !== undefined && !isForgiven) {
      return `verify cert failed: ${error.toLowerCase().replaceAll('_', ' ')}`;
    }
  }
  const wanted = validation.subjectNames;
  if (wanted.length > 0) {
    const names = parseSubjectNames(certificate.subjectAltName);
    const isNamed = wanted.some(({ type, match }) =>
      names.some((name) => (type === 'any' || type === name.type) && match.matches(name.value)),
    );
    if (!isNamed) return 'verify cert failed: verify SAN list';
  }
  return pinMatches(certificate, validation) ? undefined : 'verify cert failed: cert hash and spki';
};
