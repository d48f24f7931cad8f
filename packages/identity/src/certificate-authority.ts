import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import type { Clock } from '@lateen/base';
import { type DistinguishedName, type SubjectAltName, signCertificate } from './certificate.ts';

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

export interface IssueRequest {
  readonly subject: DistinguishedName;
  readonly altNames?: readonly SubjectAltName[];
  readonly lifetimeMs: number;
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
}

const privatePem = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Wraps an existing authority: `pair` is its certificate and key. */
export const loadCertificateAuthority = (
  pair: CertificateAndKey,
  clock: Clock,
): CertificateAuthority => {
  const signingKey = createPrivateKey(pair.key);
  const issuerPublicKey = createPublicKey(signingKey);
  const parsed = new X509Certificate(pair.certificate);
  if (!parsed.checkPrivateKey(signingKey))
    throw new Error('the CA key does not belong to the CA certificate');
  const issuer = readName(parsed.subject);
  const signKey = (publicKey: KeyObject, request: IssueRequest): string => {
    const nowMs = clock.nowMs();
    return signCertificate({
      subject: request.subject,
      issuer,
      publicKey,
      signingKey,
      issuerPublicKey,
      notBeforeMs: nowMs - clockSkewMs,
      notAfterMs: nowMs + request.lifetimeMs,
      ...(request.altNames && { altNames: request.altNames }),
    });
  };
  return {
    certificate: pair.certificate,
    key: pair.key,
    sign: signKey,
    issue: (request) => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return { certificate: signKey(publicKey, request), key: privatePem(privateKey) };
    },
  };
};

/** Reads back `O=...\nCN=...` as Node prints it; only names that `createCertificateAuthority` wrote. */
const readName = (subject: string): DistinguishedName => {
  const lines = subject.split('\n');
  const values = (prefix: string): string[] =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  const [commonName] = values('CN=');
  const organizations = values('O=');
  return {
    ...(commonName !== undefined && { commonName }),
    ...(organizations.length > 0 && { organizations }),
  };
};

/** A new self-signed root, ECDSA P-256, ten years. */
export const createCertificateAuthority = (
  subject: DistinguishedName,
  clock: Clock,
): CertificateAuthority => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
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
  return loadCertificateAuthority({ certificate, key: privatePem(privateKey) }, clock);
};
