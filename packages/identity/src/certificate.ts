import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  tagged,
  time,
  utf8String,
} from './der.ts';
import { encodePem } from './pem.ts';

/** A distinguished name of the two attributes Kubernetes reads: user = CN, groups = O. */
export interface DistinguishedName {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
}

/** A name of a certificate (RFC 5280 section 4.2.1.6), as text. */
export type SubjectAltName =
  | { readonly kind: 'dns'; readonly value: string }
  | { readonly kind: 'ip'; readonly value: string }
  | { readonly kind: 'uri'; readonly value: string };

/** All that a certificate says, and the key that signs it. */
export interface CertificateRequest {
  readonly subject: DistinguishedName;
  /** A name, or the encoded subject of the issuer's certificate. */
  readonly issuer: DistinguishedName | Uint8Array;
  readonly publicKey: KeyObject;
  /** ECDSA P-256 or RSA; the signature algorithm follows from it. */
  readonly signingKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  /** Subject key id of the issuer's certificate. Default: as this package makes them from the key. */
  readonly issuerKeyId?: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly altNames?: readonly SubjectAltName[];
  readonly isAuthority?: boolean;
  /** How many authorities may follow below an authority. Default: no limit. */
  readonly pathLength?: number;
}

/** Object identifiers of what we write. */
export const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
  extensionRequest: '1.2.840.113549.1.9.14',
} as const;

const attribute = (type: string, value: string): Buffer =>
  setOf(sequence(objectIdentifier(type), utf8String(value)));

/** Name of RFC 5280 section 4.1.2.4. */
export const distinguishedName = (name: DistinguishedName): Buffer =>
  sequence(
    ...(name.organizations ?? []).map((value) => attribute(oid.organization, value)),
    ...(name.commonName === undefined ? [] : [attribute(oid.commonName, name.commonName)]),
  );

const ipv6Bytes = (address: string): Buffer => {
  const [head = '', tail] = address.split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const middle = new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0);
  const bytes = Buffer.alloc(16);
  [...left, ...middle, ...right].forEach((word, index) => {
    bytes.writeUInt16BE(word, index * 2);
  });
  return bytes;
};

/** GeneralName of RFC 5280 section 4.2.1.6. */
export const generalName = ({ kind, value }: SubjectAltName): Buffer => {
  if (kind === 'dns') return tagged(0x82, Buffer.from(value, 'latin1'));
  if (kind === 'uri') return tagged(0x86, Buffer.from(value, 'latin1'));
  if (isIPv4(value)) return tagged(0x87, Buffer.from(value.split('.').map(Number)));
  if (isIPv6(value)) return tagged(0x87, ipv6Bytes(value));
  throw new RangeError(`not an IP address: ${value}`);
};

/** Extension of RFC 5280 section 4.2. */
export const extension = (type: string, critical: boolean, value: Buffer): Buffer =>
  sequence(objectIdentifier(type), ...(critical ? [boolean(true)] : []), octetString(value));

/** Exporting a key is a third of the cost of a certificate, which names the issuer's and its own twice. */
const exported = new WeakMap<KeyObject, Buffer>();

/** SubjectPublicKeyInfo, DER. */
export const publicKeyInfo = (key: KeyObject): Buffer => {
  let info = exported.get(key);
  if (info === undefined) {
    info = key.export({ type: 'spki', format: 'der' });
    exported.set(key, info);
  }
  return info;
};

/** SHA-1 of the key, method 1 of RFC 5280 section 4.2.1.2 over the whole SPKI: an id, not security. */
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(publicKeyInfo(key)).digest();

const authorityExtensions = (pathLength: number | undefined): readonly Buffer[] => [
  extension(
    oid.basicConstraints,
    true,
    sequence(
      boolean(true),
      ...(pathLength === undefined ? [] : [integer(Buffer.from([pathLength]))]),
    ),
  ),
  // keyCertSign and cRLSign: bits 5 and 6.
  extension(oid.keyUsage, true, bitString(Buffer.from([0x06]), 1)),
];

const leafExtensions = (): readonly Buffer[] => [
  extension(oid.basicConstraints, true, sequence()),
  // digitalSignature and keyEncipherment: bits 0 and 2.
  extension(oid.keyUsage, true, bitString(Buffer.from([0xa0]), 5)),
  extension(
    oid.extendedKeyUsage,
    false,
    sequence(objectIdentifier(oid.serverAuth), objectIdentifier(oid.clientAuth)),
  ),
];

const extensionsOf = (request: CertificateRequest): Buffer => {
  const { altNames = [], subject } = request;
  // Without a subject the alternative name carries the identity and must be critical (RFC 5280 4.1.2.6).
  const unnamed = subject.commonName === undefined && subject.organizations === undefined;
  return tagged(
    0xa3,
    sequence(
      ...(request.isAuthority === true
        ? authorityExtensions(request.pathLength)
        : leafExtensions()),
      ...(altNames.length === 0
        ? []
        : [extension(oid.subjectAltName, unnamed, sequence(...altNames.map(generalName)))]),
      extension(oid.subjectKeyId, false, octetString(keyId(request.publicKey))),
      extension(
        oid.authorityKeyId,
        false,
        sequence(tagged(0x80, request.issuerKeyId ?? keyId(request.issuerPublicKey))),
      ),
    ),
  );
};

/** AlgorithmIdentifier for signatures of the key over SHA-256. */
export const signatureAlgorithm = (key: KeyObject): Buffer =>
  key.asymmetricKeyType === 'ec'
    ? sequence(objectIdentifier(oid.ecdsaWithSha256))
    : sequence(objectIdentifier(oid.rsaWithSha256), Buffer.from([0x05, 0x00]));

const serialNumber = (): Buffer => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return integer(bytes);
};

/** Signs an X.509 v3 certificate (RFC 5280) and returns it as PEM. */
export const signCertificate = (request: CertificateRequest): string => {
  const algorithm = signatureAlgorithm(request.signingKey);
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    serialNumber(),
    algorithm,
    request.issuer instanceof Uint8Array ? request.issuer : distinguishedName(request.issuer),
    sequence(time(request.notBeforeMs), time(request.notAfterMs)),
    distinguishedName(request.subject),
    publicKeyInfo(request.publicKey),
    extensionsOf(request),
  );
  const signature = sign('sha256', body, request.signingKey);
  return encodePem('CERTIFICATE', sequence(body, algorithm, bitString(signature)));
};
