import { X509Certificate } from 'node:crypto';
import type { CertificatePem } from '../tls/secure-context.ts';

/** Ends of certificates by their text: parsed once. */
const ends = new Map<string, number>();
/** Certificates remembered. */
const maxEnds = 256;

const endOf = (pem: string): number => {
  const known = ends.get(pem);
  if (known !== undefined) return known;
  if (ends.size >= maxEnds) ends.clear();
  let end = Number.POSITIVE_INFINITY;
  try {
    end = new X509Certificate(pem).validToDate.getTime();
  } catch {
    // What cannot be read does not expire.
  }
  ends.set(pem, end);
  return end;
};

/** When the first of our own certificates ends, in milliseconds since the epoch; undefined: there is none. */
export const firstExpiryMs = (certificates: readonly CertificatePem[]): number | undefined => {
  const first = Math.min(
    ...certificates.flatMap(({ chain }) => (chain === undefined ? [] : [endOf(chain)])),
  );
  return Number.isFinite(first) ? first : undefined;
};
