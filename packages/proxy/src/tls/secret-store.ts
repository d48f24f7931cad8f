import type { PeerValidation, SecretReference } from '@lateen/routing';

/** A certificate chain with its key, PEM. */
export interface CertificateSecret {
  readonly chain: Buffer;
  readonly privateKey: Buffer;
}

/** How peers are checked, as a secret says it. */
export interface ValidationSecret {
  /** Trust anchors, PEM; undefined: the secret has none. */
  readonly authority: Buffer | undefined;
  /** Revocation lists, PEM. */
  readonly crl: Buffer | undefined;
  /** Names, pins and exceptions that go with them. */
  readonly validation: PeerValidation | undefined;
}

const keyOf = (server: string, name: string): string => `${server}\u0000${name}`;

/**
 * Secrets by SDS server and name; an empty server stands for ADS and the bootstrap. Whoever brings
 * secrets (SDS, a folder that is watched) puts them in, and the next connection uses them.
 */
export class SecretStore {
  readonly #certificates = new Map<string, CertificateSecret>();
  readonly #validations = new Map<string, ValidationSecret>();
  readonly #listeners = new Set<() => void>();
  /** Grows with every change: contexts built from an older one are looked at again. */
  version = 0;
  /** A control plane brings secrets by ADS: those that are not here may still come. */
  comesByAds = false;

  certificate({ server, name }: SecretReference): CertificateSecret | undefined {
    return this.#certificates.get(keyOf(server, name));
  }

  validation({ server, name }: SecretReference): ValidationSecret | undefined {
    return this.#validations.get(keyOf(server, name));
  }

  /** Whether anything has come under this name. */
  has({ server, name }: SecretReference): boolean {
    const key = keyOf(server, name);
    return this.#certificates.has(key) || this.#validations.has(key);
  }

  /** Not here, but it may come: what needs it should wait a while. */
  isAwaited(reference: SecretReference): boolean {
    return !this.has(reference) && (reference.server !== '' || this.comesByAds);
  }

  putCertificate(name: string, secret: CertificateSecret, server = ''): void {
    this.#certificates.set(keyOf(server, name), secret);
    this.#changed();
  }

  putValidation(name: string, secret: ValidationSecret, server = ''): void {
    this.#validations.set(keyOf(server, name), secret);
    this.#changed();
  }

  /** Trust anchors alone, PEM. */
  putAuthority(name: string, authority: Buffer, server = ''): void {
    this.putValidation(name, { authority, crl: undefined, validation: undefined }, server);
  }

  /** The server has it no more: new connections that need it are refused. */
  remove(name: string, server = ''): void {
    const key = keyOf(server, name);
    const had = this.#certificates.delete(key);
    if (this.#validations.delete(key) || had) this.#changed();
  }

  /** Calls `run` after each change, until the returned function is called. */
  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  #changed(): void {
    this.version++;
    for (const run of [...this.#listeners]) run();
  }
}
