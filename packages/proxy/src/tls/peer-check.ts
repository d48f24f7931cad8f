import { createHash, X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import type { PeerValidation } from '@lateen/routing';

const nameTypes: Readonly<Record<string, string>> = {
  DNS: 'dns',
  URI: 'uri',
  email: 'email',
  'IP Address': 'ip',
};

/** Subject alternative names of a certificate, as type and value. */
export const subjectNames = (
  certificate: PeerCertificate | DetailedPeerCertificate,
): readonly { readonly type: string; readonly value: string }[] => {
  const text = certificate.subjectaltname;
  if (text === undefined || text === '') return [];
  return text.split(', ').map((part) => {
    const colon = part.indexOf(':');
    return { type: nameTypes[part.slice(0, colon)] ?? 'other', value: part.slice(colon + 1) };
  });
};

const pinMatches = (certificate: PeerCertificate, validation: PeerValidation): boolean => {
  const { spkiPins, certificatePins } = validation;
  if (spkiPins.length === 0 && certificatePins.length === 0) return true;
  const digest = createHash('sha256').update(certificate.raw).digest('hex');
  if (certificatePins.some((pin) => pin.replaceAll(':', '').toLowerCase() === digest)) return true;
  const key = new X509Certificate(certificate.raw).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  return spkiPins.includes(createHash('sha256').update(key).digest('base64'));
};

/** Why the peer's certificate is refused by names or pins; undefined when it is accepted. */
export const refusePeer = (
  certificate: PeerCertificate,
  validation: PeerValidation | undefined,
): string | undefined => {
  if (validation === undefined) return undefined;
  const names = subjectNames(certificate);
  const wanted = validation.subjectNames;
  const isNamed =
    wanted.length === 0 ||
    wanted.some(({ type, match }) =>
      names.some((name) => (type === 'any' || type === name.type) && match.matches(name.value)),
    );
  if (!isNamed) return 'verify SAN list';
  return pinMatches(certificate, validation) ? undefined : 'verify certificate pins';
};
