/** A certificate chain with its key, PEM. */
export interface CertificateSecret {
  readonly chain: Buffer;
  readonly privateKey: Buffer;
}

/**
 * Secrets by their SDS names. Static configurations find nothing here; whoever brings secrets
 * later (SDS, a folder that is watched) puts them in and the next connection uses them.
 */
export class SecretStore {
  readonly #certificates = new Map<string, CertificateSecret>();
  readonly #authorities = new Map<string, Buffer>();
  readonly #listeners = new Set<() => void>();
  /** Grows with every change: contexts built from an older one are built again. */
  version = 0;

  certificate(name: string): CertificateSecret | undefined {
    return this.#certificates.get(name);
  }

  /** Trust anchors, PEM. */
  authority(name: string): Buffer | undefined {
    return this.#authorities.get(name);
  }

  putCertificate(name: string, secret: CertificateSecret): void {
    this.#certificates.set(name, secret);
    this.#changed();
  }

  putAuthority(name: string, pem: Buffer): void {
    this.#authorities.set(name, pem);
    this.#changed();
  }

  /** Calls `run` after each change, until the returned function is called. */
  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  #changed(): void {
    this.version++;
    for (const run of this.#listeners) run();
  }
}
