import type { Clock } from '@lateen/base';
import { createCertificateAuthority, loadCertificateAuthority } from '@lateen/identity';
import { SecretStore } from '@lateen/proxy';

const lifetimeMs = 60 * 60 * 1000;

const clock: Clock = { nowMs: () => Date.now() } as Clock;

/** A certificate chain with its key, PEM. */
export interface TestIdentity {
  readonly cert: string;
  readonly key: string;
}

const authority = createCertificateAuthority({ commonName: 'mesh' }, clock);
const stranger = createCertificateAuthority({ commonName: 'stranger' }, clock);

const known = new Map<string, TestIdentity>();

/** A certificate of the mesh's authority for a SPIFFE id. */
export const identityOf = (principal: string): TestIdentity => {
  const found = known.get(principal);
  if (found !== undefined) return found;
  const altNames = [{ kind: 'uri', value: principal }] as const;
  const { certificate, key } = authority.issue({ subject: {}, altNames, lifetimeMs });
  const made = { cert: certificate, key };
  known.set(principal, made);
  return made;
};

/** What is wrong with a client's certificate. */
export type CertificateFlaw = 'strange authority' | 'expired' | 'no name' | 'a DNS name only';

const tooOldMs = 2 * lifetimeMs;
const oldClock: Clock = { nowMs: () => Date.now() - tooOldMs } as Clock;
const oldAuthority = loadCertificateAuthority(authority, oldClock);

/** A certificate that should not be believed, whatever it says. */
export const flawedIdentity = (principal: string, flaw: CertificateFlaw): TestIdentity => {
  const uri = [{ kind: 'uri', value: principal }] as const;
  const dns = [{ kind: 'dns', value: principal.replace('spiffe://', '') }] as const;
  const names = { 'no name': [], 'a DNS name only': dns, 'strange authority': uri, expired: uri };
  const issuers = { 'strange authority': stranger, expired: oldAuthority };
  const issuer = flaw in issuers ? issuers[flaw as keyof typeof issuers] : authority;
  const { certificate, key } = issuer.issue({ subject: {}, altNames: names[flaw], lifetimeMs });
  return { cert: certificate, key };
};

/** Roots of the mesh, PEM. */
export const meshRoots: string = authority.certificate;

/** What an agent would bring to the proxy of a workload. */
export const meshSecrets = (principal: string): SecretStore => {
  const store = new SecretStore();
  const { cert, key } = identityOf(principal);
  const secret = { chain: Buffer.from(cert), privateKey: Buffer.from(key) };
  store.putCertificate('default', secret, 'sds-grpc');
  store.putAuthority('ROOTCA', Buffer.from(meshRoots), 'sds-grpc');
  return store;
};
