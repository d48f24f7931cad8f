import { X509Certificate } from 'node:crypto';
import {
  childrenOf,
  type DerElement,
  DerError,
  dottedIdentifier,
  expectTag,
  readDer,
} from './der-reader.ts';

/** Fields of a certificate that Node prints but does not give as bytes. */
export interface CertificateFields {
  /** The encoded subject, to be repeated as issuer below it. */
  readonly subject: Buffer;
  /** Value of the subject key identifier; undefined without one. */
  readonly subjectKeyId: Buffer | undefined;
  /** URIs among the subject alternative names, byte for byte. */
  readonly uris: readonly string[];
}

const versionTag = 0xa0;
const extensionsTag = 0xa3;
const uriTag = 0x86;
const subjectKeyId = '2.5.29.14';
const subjectAltName = '2.5.29.17';

/** Values by type, still encoded: only those of interest are read further. */
const extensionsIn = (body: readonly DerElement[]): ReadonlyMap<string, Buffer> => {
  const wrapper = body.find(({ tag }) => tag === extensionsTag);
  const list = wrapper === undefined ? [] : childrenOf(readDer(wrapper.body));
  return new Map(
    list.map((one) => {
      const parts = childrenOf(one);
      return [dottedIdentifier(parts[0]), expectTag(parts.at(-1), 0x04).body];
    }),
  );
};

/** @throws DerError for what is no certificate of X.509 version 3. */
export const readCertificateFields = (der: Buffer): CertificateFields => {
  const [certificate] = childrenOf(expectTag(readDer(der), 0x30));
  const body = childrenOf(expectTag(certificate, 0x30));
  if (body[0]?.tag !== versionTag) throw new DerError('is no X.509 v3 certificate');
  const extensions = extensionsIn(body);
  const names = extensions.get(subjectAltName);
  const keyId = extensions.get(subjectKeyId);
  return {
    // version, serial, signature, issuer, validity, subject.
    subject: expectTag(body[5], 0x30).raw,
    subjectKeyId: keyId === undefined ? undefined : readDer(keyId).body,
    uris: (names === undefined ? [] : childrenOf(readDer(names)))
      .filter(({ tag }) => tag === uriTag)
      .map(({ body: uri }) => uri.toString('latin1')),
  };
};

/** URIs of a certificate in DER or PEM; none when it cannot be read. */
export const certificateUris = (certificate: Buffer | string): readonly string[] => {
  try {
    return readCertificateFields(new X509Certificate(certificate).raw).uris;
  } catch {
    return [];
  }
};
