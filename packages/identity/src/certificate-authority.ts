import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import type { Clock } from '@lateen/base';
import { type DistinguishedName, type SubjectAltName, signCertificate } from './certificate.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { type KeyAlgorithm, privateKeyPem } from './key-pair.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Istio's self-signed root lives ten years. */
const rootLifetimeMs: number = 3650 * dayMs;
/** Certificates are valid from a little earlier, for peers whose clocks are behind. */
const clockSkewMs = 2 * 60 * 1000;

/** A certificate with its private key, both PEM. The key is a secret: files that hold it are 0600. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** A leaf to be made with a key of its own. */
export interface IssueRequest {
  readonly subject: DistinguishedName;
  readonly altNames?: readonly SubjectAltName[];
  /** No certificate outlives the authority's own. */
  readonly lifetimeMs: number;
}

/** An authority to be made below this one. */
export interface IntermediateRequest {
  readonly subject: DistinguishedName;
  readonly lifetimeMs: number;
  /** How many authorities may follow below it. Default 0: it signs leaves only. */
  readonly pathLength?: number;
}

/** Signs certificates for keys of others, or for keys it makes itself. */
export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  /** PEM; secret. */
  readonly key: string;
  /** Makes an ECDSA P-256 key and its certificate. */
  issue(request: IssueRequest): CertificateAndKey;
  /** Certificate for a public key, PEM. */
  sign(publicKey: KeyObject, request: IssueRequest): string;
  /** An authority below this one, with an ECDSA P-256 key of its own. */
  createIntermediate(request: IntermediateRequest): CertificateAuthority;
}

const createKeys = (algorithm: KeyAlgorithm = 'ecdsa-p256') =>
  algorithm === 'ecdsa-p256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Wraps an existing authority: `pair` is its certificate and key. Throws when they do not belong together. */
export const loadCertificateAuthority = (
  pair: CertificateAndKey,
  clock: Clock,
): CertificateAuthority => {
  const signingKey = createPrivateKey(pair.key);
  const issuerPublicKey = createPublicKey(signingKey);
  const parsed = new X509Certificate(pair.certificate);
  if (!parsed.checkPrivateKey(signingKey))
    throw new Error('the CA key does not belong to the CA certificate');
  const { subject: issuer, subjectKeyId: issuerKeyId } = readCertificateFields(parsed.raw);
  const lastMs = parsed.validToDate.getTime();
  const signKey = (
    publicKey: KeyObject,
    request: IssueRequest,
    authority: { readonly isAuthority?: boolean; readonly pathLength?: number } = {},
  ): string => {
    const nowMs = clock.nowMs();
    return signCertificate({
      subject: request.subject,
      issuer,
      publicKey,
      signingKey,
      issuerPublicKey,
      ...(issuerKeyId !== undefined && { issuerKeyId }),
      notBeforeMs: nowMs - clockSkewMs,
      notAfterMs: Math.min(nowMs + request.lifetimeMs, lastMs),
      ...(request.altNames && { altNames: request.altNames }),
      ...authority,
    });
  };
  return {
    certificate: pair.certificate,
    key: pair.key,
    sign: (publicKey, request) => signKey(publicKey, request),
    issue: (request) => {
      const { publicKey, privateKey } = createKeys();
      return { certificate: signKey(publicKey, request), key: privateKeyPem(privateKey) };
    },
    createIntermediate: ({ subject, lifetimeMs, pathLength = 0 }) => {
      const { publicKey, privateKey } = createKeys();
      const authority = { isAuthority: true, pathLength };
      const certificate = signKey(publicKey, { subject, lifetimeMs }, authority);
      return loadCertificateAuthority({ certificate, key: privateKeyPem(privateKey) }, clock);
    },
  };
};

/** A new self-signed root of ten years, ECDSA P-256 unless RSA is asked for. */
export const createCertificateAuthority = (
  subject: DistinguishedName,
  clock: Clock,
  algorithm?: KeyAlgorithm,
): CertificateAuthority => {
  const { publicKey, privateKey } = createKeys(algorithm);
  const nowMs = clock.nowMs();
  const certificate = signCertificate({
    subject,
    issuer: subject,
    publicKey,
    signingKey: privateKey,
    issuerPublicKey: publicKey,
    notBeforeMs: nowMs - clockSkewMs,
    notAfterMs: nowMs + rootLifetimeMs,
    isAuthority: true,
  });
  return loadCertificateAuthority({ certificate, key: privateKeyPem(privateKey) }, clock);
};
