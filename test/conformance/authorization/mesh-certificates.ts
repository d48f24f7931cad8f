import type { Clock } from '@lateen/base';
import { createCertificateAuthority } from '@lateen/identity';
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

/** The same of an authority nobody trusts. */
export const strangeIdentity = (principal: string): TestIdentity => {
  const altNames = [{ kind: 'uri', value: principal }] as const;
  const { certificate, key } = stranger.issue({ subject: {}, altNames, lifetimeMs });
  return { cert: certificate, key };
};

/** What an agent would bring to the proxy of a workload. */
export const meshSecrets = (principal: string): SecretStore => {
  const store = new SecretStore();
  const { cert, key } = identityOf(principal);
  const secret = { chain: Buffer.from(cert), privateKey: Buffer.from(key) };
  store.putCertificate('default', secret, 'sds-grpc');
  store.putAuthority('ROOTCA', Buffer.from(authority.certificate), 'sds-grpc');
  return store;
};
