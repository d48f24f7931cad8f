import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Checked } from '@lateen/base';
import {
  distinguishedName,
  extension,
  generalName,
  oid,
  publicKeyInfo,
  type SubjectAltName,
  signatureAlgorithm,
} from './certificate.ts';
import { bitString, integer, objectIdentifier, sequence, setOf, tagged } from './der.ts';
import { childrenOf, DerError, dottedIdentifier, expectTag, readDer } from './der-reader.ts';
import type { KeyPair } from './key-pair.ts';
import { decodePem, encodePem } from './pem.ts';

/**
 * What a signing request is believed: the key, because the requester proved to have it. Names and
 * extensions it asks for are not read at all: who it is comes from how it authenticated.
 */
export interface SigningRequest {
  readonly publicKey: KeyObject;
}

/** Digest by signature algorithm of RFC 5758 and RFC 4055; anything weaker is refused. */
const digests: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};

/** Curves browsers and Envoy take, by the names Node gives them. */
const curves: readonly string[] = ['prime256v1', 'secp384r1'];
/** NIST SP 800-131A asks for 2048 bits; above 4096 a request only costs time. */
const rsaBits = { least: 2048, most: 4096 } as const;

const refusal = (message: string): Checked<SigningRequest> => ({
  value: undefined,
  diagnostics: [{ severity: 'error', code: 'CsrInvalid', path: 'csr', message }],
});

const keyProblem = (key: KeyObject): string | undefined => {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec')
    return curves.includes(namedCurve) ? undefined : `the curve ${namedCurve} is not accepted`;
  if (key.asymmetricKeyType !== 'rsa')
    return `keys of type ${key.asymmetricKeyType} are not accepted: use ECDSA P-256 or RSA`;
  return modulusLength >= rsaBits.least && modulusLength <= rsaBits.most
    ? undefined
    : `RSA keys have ${rsaBits.least} to ${rsaBits.most} bits, not ${modulusLength}`;
};

interface Parts {
  readonly info: Buffer;
  readonly publicKey: KeyObject;
  readonly algorithm: string;
  readonly signature: Buffer;
}

/** CertificationRequest of RFC 2986 section 4.2. */
const readParts = (der: Buffer): Parts => {
  const [info, algorithm, signature] = childrenOf(expectTag(readDer(der), 0x30));
  const [version, , publicKey] = childrenOf(expectTag(info, 0x30));
  expectTag(version, 0x02);
  const bits = expectTag(signature, 0x03).body;
  if (bits[0] !== 0) throw new DerError('has a signature with unused bits');
  return {
    info: expectTag(info, 0x30).raw,
    publicKey: createPublicKey({
      key: expectTag(publicKey, 0x30).raw,
      format: 'der',
      type: 'spki',
    }),
    algorithm: dottedIdentifier(childrenOf(expectTag(algorithm, 0x30))[0]),
    signature: bits.subarray(1),
  };
};

/**
 * Reads a PKCS 10 request in PEM and checks that its sender has the private key. Never throws: what
 * is wrong is a diagnostic of code `CsrInvalid`.
 */
export const parseSigningRequest = (pem: string): Checked<SigningRequest> => {
  const [der, more] = decodePem(pem, 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST');
  if (der === undefined || more !== undefined)
    return refusal('is not one PEM block of a certificate request');
  try {
    const { info, publicKey, algorithm, signature } = readParts(der);
    const problem = keyProblem(publicKey);
    if (problem !== undefined) return refusal(problem);
    const digest = digests[algorithm];
    if (digest === undefined)
      return refusal(`the signature algorithm ${algorithm} is not accepted`);
    return verify(digest, info, publicKey, signature)
      ? { value: { publicKey }, diagnostics: [] }
      : refusal('is not signed with the key it holds');
  } catch (error) {
    return refusal(error instanceof DerError ? error.message : 'holds a key that cannot be read');
  }
};

/** A PKCS 10 request in PEM for the key, naming `altNames` as Istio's agents do. */
export const createSigningRequest = (
  { publicKey, privateKey }: KeyPair,
  altNames: readonly SubjectAltName[],
): string => {
  const names = extension(oid.subjectAltName, true, sequence(...altNames.map(generalName)));
  const info = sequence(
    integer(Buffer.from([0])),
    distinguishedName({}),
    publicKeyInfo(publicKey),
    tagged(0xa0, sequence(objectIdentifier(oid.extensionRequest), setOf(sequence(names)))),
  );
  const signature = bitString(sign('sha256', info, privateKey));
  return encodePem(
    'CERTIFICATE REQUEST',
    sequence(info, signatureAlgorithm(privateKey), signature),
  );
};
