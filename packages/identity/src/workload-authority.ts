import type { KeyObject } from 'node:crypto';
import type { Clock } from '@lateen/base';
import type { SubjectAltName } from './certificate.ts';
import { loadCertificateAuthority } from './certificate-authority.ts';
import { type KeyPair, privateKeyPem } from './key-pair.ts';
import type { SigningMaterial } from './signing-material.ts';
import { formatSpiffeId, type SpiffeId } from './spiffe-id.ts';

/** Istio's `DEFAULT_WORKLOAD_CERT_TTL`, and here also the most that is granted. */
export const maxLeafLifetimeMs: number = 24 * 60 * 60 * 1000;

/** A server certificate with its chain and key, PEM. The key is secret. */
export interface ServerCertificate {
  readonly chain: string;
  readonly key: string;
}

/** Signs leaf certificates of workloads. */
export interface WorkloadAuthority {
  /** The trust anchors above it, PEM, one certificate each. */
  readonly roots: readonly string[];
  /**
   * The leaf for a key, then its chain up to just below the root, PEM. The identity is the caller's,
   * as it authenticated; `lifetimeMs` is cut to `maxLeafLifetimeMs`.
   */
  signWorkload(publicKey: KeyObject, identity: SpiffeId, lifetimeMs?: number): readonly string[];
  /** A certificate for servers with DNS names, as istiod's own. */
  signServer(keys: KeyPair, names: readonly string[], lifetimeMs?: number): ServerCertificate;
}

/** Throws when key and certificate do not belong together; `readSigningMaterial` has checked that. */
export const createWorkloadAuthority = (
  material: SigningMaterial,
  clock: Clock,
): WorkloadAuthority => {
  const authority = loadCertificateAuthority(material, clock);
  const sign = (
    publicKey: KeyObject,
    altNames: readonly SubjectAltName[],
    lifetimeMs: number = maxLeafLifetimeMs,
  ): readonly string[] => [
    authority.sign(publicKey, {
      // No subject: the alternative name is the identity, and critical (as Istio's).
      subject: {},
      altNames,
      lifetimeMs: Math.min(lifetimeMs, maxLeafLifetimeMs),
    }),
    ...material.chain,
  ];
  return {
    roots: material.roots,
    signWorkload: (publicKey, identity, lifetimeMs) =>
      sign(publicKey, [{ kind: 'uri', value: formatSpiffeId(identity) }], lifetimeMs),
    signServer: ({ publicKey, privateKey }, names, lifetimeMs) => ({
      chain: sign(
        publicKey,
        names.map((value) => ({ kind: 'dns', value })),
        lifetimeMs,
      ).join(''),
      key: privateKeyPem(privateKey),
    }),
  };
};
