import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Checked, Diagnostic } from '@lateen/base';
import type { CertificateAndKey } from './certificate-authority.ts';
import { splitCertificates } from './pem.ts';

/** What a certificate authority for workloads signs with. */
export interface SigningMaterial extends CertificateAndKey {
  /** Certificates between the root and the signing one, the signing one first; empty when it is the root. */
  readonly chain: readonly string[];
  /** Trust anchors, PEM, one certificate each. */
  readonly roots: readonly string[];
}

/** Keys of Istio's Secrets `cacerts` (plugged in) and `istio-ca-secret` (self-signed), as text. */
export type AuthorityFiles = Readonly<
  Partial<
    Record<'ca-cert.pem' | 'ca-key.pem' | 'root-cert.pem' | 'cert-chain.pem', string | undefined>
  >
>;

/** Longest chain followed: a root, its intermediates, and room. */
const maxChainLength = 10;

const problemAt = (file: keyof AuthorityFiles, message: string): Diagnostic => ({
  severity: 'error',
  code: 'AuthorityInvalid',
  path: `data["${file}"]`,
  message,
});

const parseAll = (pem: string): readonly X509Certificate[] | undefined => {
  try {
    return splitCertificates(pem).map((one) => new X509Certificate(one));
  } catch {
    return undefined;
  }
};

const signs = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

const isRoot = (certificate: X509Certificate): boolean => signs(certificate, certificate);

/** From the signing certificate to just below a root; undefined when it leads to none. */
const followChain = (
  signing: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] | undefined => {
  if (roots.some(({ raw }) => raw.equals(signing.raw))) return [];
  const chain = [signing];
  for (let last = signing; chain.length <= maxChainLength; ) {
    const below = last;
    if (roots.some((root) => signs(root, below))) return chain;
    const next = intermediates.find((one) => signs(one, below) && !chain.includes(one));
    if (next === undefined || isRoot(next)) return undefined;
    chain.push(next);
    last = next;
  }
  return undefined;
};

const keyProblem = (signing: X509Certificate, key: string): string | undefined => {
  try {
    return signing.checkPrivateKey(createPrivateKey(key))
      ? undefined
      : 'does not belong to ca-cert.pem';
  } catch {
    return 'is not a private key in PEM';
  }
};

const signingProblem = (signing: X509Certificate, nowMs: number): string | undefined => {
  if (!signing.ca) return 'is not the certificate of an authority (CA:FALSE)';
  return signing.validToDate.getTime() <= nowMs ? `expired on ${signing.validTo}` : undefined;
};

/**
 * Reads and checks an authority's files: the key belongs to the certificate, which may sign, has
 * not expired and leads to one of the roots. Without `root-cert.pem` the certificate is the root.
 * What is wrong comes as diagnostics of code `AuthorityInvalid`; they never hold key material.
 */
export const readSigningMaterial = (
  files: AuthorityFiles,
  nowMs: number,
): Checked<SigningMaterial> => {
  const refuse = (file: keyof AuthorityFiles, message: string): Checked<SigningMaterial> => ({
    value: undefined,
    diagnostics: [problemAt(file, message)],
  });
  const certificate = files['ca-cert.pem'] ?? '';
  const [signing] = parseAll(certificate) ?? [];
  if (signing === undefined) return refuse('ca-cert.pem', 'is not a certificate in PEM');
  const problem = signingProblem(signing, nowMs);
  if (problem !== undefined) return refuse('ca-cert.pem', problem);
  const key = files['ca-key.pem'] ?? '';
  const badKey = keyProblem(signing, key);
  if (badKey !== undefined) return refuse('ca-key.pem', badKey);
  const roots = parseAll(files['root-cert.pem'] || certificate) ?? [];
  if (roots.length === 0) return refuse('root-cert.pem', 'holds no certificate');
  const intermediates = parseAll(files['cert-chain.pem'] ?? '');
  if (intermediates === undefined) return refuse('cert-chain.pem', 'holds a broken certificate');
  const chain = followChain(signing, intermediates, roots);
  if (chain === undefined)
    return refuse('cert-chain.pem', 'does not lead from ca-cert.pem to a root of root-cert.pem');
  const text = (one: X509Certificate): string => one.toString();
  return {
    value: { certificate: text(signing), key, chain: chain.map(text), roots: roots.map(text) },
    diagnostics: [],
  };
};
