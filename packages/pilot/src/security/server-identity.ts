import type { Clock, Logger } from '@lateen/base';
import { createKeyPair, type KeyPair, maxLeafLifetimeMs } from '@lateen/identity';
import type { MeshAuthority } from './mesh-authority.ts';
import type { ListenerCertificates } from './secure-listener.ts';

/** Names by which proxies call istiod, in Istio's order. */
const serverNames = (namespace: string): readonly string[] =>
  ['istiod', 'istiod-remote', 'istio-pilot'].flatMap((service) => [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc.cluster.local`,
  ]);

export interface ServerIdentityOptions {
  readonly authority: MeshAuthority;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rootNamespace: string;
  /** Called with every certificate after the first. */
  readonly onChange: (certificates: ListenerCertificates) => void;
}

/** istiod's own server certificate: new at half its life, and when the authority changes. */
export class ServerIdentity {
  readonly #options: ServerIdentityOptions;
  readonly #keys: KeyPair;
  #cancel: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;

  private constructor(options: ServerIdentityOptions, keys: KeyPair) {
    this.#options = options;
    this.#keys = keys;
  }

  static async create(options: ServerIdentityOptions): Promise<ServerIdentity> {
    const own = new ServerIdentity(options, await createKeyPair('ecdsa-p256'));
    own.#unsubscribe = options.authority.onChange(() => options.onChange(own.certificates()));
    own.#rotateLater();
    return own;
  }

  /** A new certificate with the roots of now. */
  certificates(): ListenerCertificates {
    const { authority, rootNamespace } = this.#options;
    const { chain, key } = authority.signServer(this.#keys, serverNames(rootNamespace));
    return { chain, key, roots: authority.roots };
  }

  stop(): void {
    this.#cancel();
    this.#unsubscribe();
  }

  #rotateLater(): void {
    const { clock, log, onChange } = this.#options;
    this.#cancel = clock.schedule(maxLeafLifetimeMs / 2, () => {
      log.info('server certificate rotated');
      onChange(this.certificates());
      this.#rotateLater();
    });
  }
}
