import { type KeyObject, X509Certificate } from 'node:crypto';
import type { KubeObject, Secret } from '@lateen/api';
import { type Clock, formatDiagnostic, type Logger } from '@lateen/base';
import {
  type AuthorityFiles,
  createCertificateAuthority,
  createWorkloadAuthority,
  type KeyAlgorithm,
  type KeyPair,
  maxLeafLifetimeMs,
  readSigningMaterial,
  type ServerCertificate,
  type SigningMaterial,
  type SpiffeId,
  type WorkloadAuthority,
} from '@lateen/identity';
import { isKubeError, type KubeClient, type ObjectCache, resources } from '@lateen/kube';
import { PilotError } from '../pilot-error.ts';

/** Istio's Secrets: an authority that was plugged in, and the one istiod made for itself. */
export const pluggedSecretName = 'cacerts';
/** The Secret of the root that istiod makes itself. */
export const selfSignedSecretName = 'istio-ca-secret';

/** How a change of roots goes about. */
export interface RootRotation {
  /**
   * A new root is trusted this long before anything is signed below it: every proxy must have heard
   * of it by then. Kubernetes' kubelets refresh ConfigMap files within two minutes.
   */
  readonly distributionMs: number;
  /** An old root is trusted this long after the last signature below it: the life of a leaf and an hour. */
  readonly overlapMs: number;
}

/** Two minutes to hear of a root; the old one stays as long as the longest leaf below it, and an hour. */
export const defaultRootRotation: RootRotation = {
  distributionMs: 120_000,
  overlapMs: maxLeafLifetimeMs + 60 * 60 * 1000,
};

/** What an authority reads, where it writes, and how its roots change. */
export interface MeshAuthorityOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** All Secrets, or at least those of the root namespace; complete. */
  readonly secrets: ObjectCache<KubeObject>;
  readonly rootNamespace: string;
  readonly trustDomain: () => string;
  /** Of a self-signed root. Default ECDSA P-256. */
  readonly keyAlgorithm?: KeyAlgorithm;
  readonly rotation?: RootRotation;
  /** Roots of other meshes that workloads trust besides, PEM, one certificate each. Default none. */
  readonly foreignRoots?: () => readonly string[];
}

/** A root that is no longer signed below, and until when it is trusted; milliseconds since the epoch. */
export interface RetiredRoot {
  readonly root: string;
  readonly untilMs: number;
}

const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;

/** A self-signed root is looked at this often, and replaced in the last fifth of its life (Istio's rotator). */
const renewalCheckMs: number = 60 * 60 * 1000;
const renewalShare = 0.2;

/** A root that was published; `untilMs` when it was on its way out. */
export interface PublishedRoot {
  readonly root: string;
  readonly untilMs?: number | undefined;
}

const filesOf = ({ data = {} }: Secret): AuthorityFiles => {
  const text = (key: string): string | undefined => {
    const value = data[key];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  return {
    'ca-cert.pem': text('ca-cert.pem'),
    'ca-key.pem': text('ca-key.pem'),
    'root-cert.pem': text('root-cert.pem'),
    'cert-chain.pem': text('cert-chain.pem'),
  };
};

interface Signer {
  readonly material: SigningMaterial;
  readonly authority: WorkloadAuthority;
}

/**
 * The mesh's certificate authority: the plugged-in one if there is one, else its own, made at the
 * first start and kept in a Secret. When the authority changes to another root, both are trusted
 * first, then the new one signs, and the old one goes when its last leaf has expired.
 */
export class MeshAuthority {
  readonly #options: MeshAuthorityOptions;
  readonly #rotation: RootRotation;
  readonly #listeners = new Set<() => void>();
  #current: Signer | undefined;
  #next: Signer | undefined;
  #retired: readonly RetiredRoot[] = [];
  #foreign: readonly string[] = [];
  #timers = new Set<() => void>();
  #unsubscribe: () => void = () => undefined;

  constructor(options: MeshAuthorityOptions) {
    this.#options = options;
    this.#rotation = options.rotation ?? defaultRootRotation;
  }

  /**
   * Finds or makes the authority. `published` are roots that proxies already trust: those that are
   * not the authority's stay until their time, and without one for the overlap, as they may have
   * been in use until the restart. Rejects with `bad-authority` or `KubeError`.
   */
  async start(published: readonly PublishedRoot[] = []): Promise<void> {
    const material = this.#readSecrets() ?? (await this.#makeSelfSigned());
    this.#current = this.#signerOf(material);
    this.#foreign = this.#options.foreignRoots?.() ?? [];
    const nowMs = this.#options.clock.nowMs();
    this.#retired = published
      .map(({ root, untilMs = nowMs + this.#rotation.overlapMs }) => ({ root, untilMs }))
      .filter(({ root, untilMs }) => untilMs > nowMs && !material.roots.includes(root));
    for (const { untilMs } of this.#retired) this.#expireAt(untilMs);
    this.#unsubscribe = this.#options.secrets.onChange(({ before, after }) => {
      const { name, namespace } = (after ?? before)?.metadata ?? {};
      const isOurs = name === pluggedSecretName || name === selfSignedSecretName;
      if (isOurs && namespace === this.#options.rootNamespace) this.#reload();
    });
    this.#renewLater();
  }

  stop(): void {
    this.#unsubscribe();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** The authority's own trust anchors in force, PEM, the signing one's first. */
  get roots(): readonly string[] {
    const all = [
      ...(this.#current?.material.roots ?? []),
      ...(this.#next?.material.roots ?? []),
      ...this.#retired.map(({ root }) => root),
    ];
    return [...new Set(all)];
  }

  /** What workloads trust: also the roots of other meshes, which prove nothing to the control plane. */
  get trustedRoots(): readonly string[] {
    return [...new Set([...this.roots, ...this.#foreign])];
  }

  /** Looks at the roots of other meshes again. */
  reviewForeignRoots(): void {
    const foreign = this.#options.foreignRoots?.() ?? [];
    if (this.#current === undefined || foreign.join() === this.#foreign.join()) return;
    this.#foreign = foreign;
    this.#options.log.info('roots of other meshes are trusted', {
      roots: foreign.map((root) => fingerprint(root)).join(),
    });
    this.#changed();
  }

  get retired(): readonly RetiredRoot[] {
    return this.#retired;
  }

  /** Called when roots or the signing authority have changed. Returns its removal. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `cert_chain` of a response: leaf, intermediates, and last all trusted roots in one element. */
  signWorkload(publicKey: KeyObject, identity: SpiffeId, lifetimeMs?: number): readonly string[] {
    const { authority } = this.#signer();
    return [...authority.signWorkload(publicKey, identity, lifetimeMs), this.trustedRoots.join('')];
  }

  signServer(keys: KeyPair, names: readonly string[]): ServerCertificate {
    return this.#signer().authority.signServer(keys, names);
  }

  #signer(): Signer {
    if (this.#current === undefined) throw new Error('the authority is used before it started');
    return this.#current;
  }

  #signerOf(material: SigningMaterial): Signer {
    return { material, authority: createWorkloadAuthority(material, this.#options.clock) };
  }

  /** Undefined when there is neither Secret. */
  #readSecrets(): SigningMaterial | undefined {
    const { secrets, rootNamespace, clock } = this.#options;
    const secret = (secrets.get(pluggedSecretName, rootNamespace) ??
      secrets.get(selfSignedSecretName, rootNamespace)) as Secret | undefined;
    if (secret === undefined) return undefined;
    const { value, diagnostics } = readSigningMaterial(filesOf(secret), clock.nowMs());
    if (value !== undefined) return value;
    throw new PilotError(
      'bad-authority',
      `Secret ${rootNamespace}/${secret.metadata.name}: ${diagnostics.map(formatDiagnostic).join('; ')}`,
    );
  }

  /** A new root in its Secret, which has no version yet. */
  #selfSignedSecret(): Secret {
    const { clock, rootNamespace, trustDomain, keyAlgorithm } = this.#options;
    const subject = { organizations: [trustDomain()] };
    const root = createCertificateAuthority(subject, clock, keyAlgorithm);
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: selfSignedSecretName, namespace: rootNamespace },
      type: 'istio.io/ca-root',
      data: {
        'ca-cert.pem': encode(root.certificate),
        'ca-key.pem': encode(root.key),
        'cert-chain.pem': '',
        'key.pem': '',
        'root-cert.pem': '',
      },
    };
  }

  #renewLater(): void {
    this.#after(renewalCheckMs, () => {
      void this.#renewSelfSigned().catch((error: unknown) =>
        this.#options.log.error('self-signed root not renewed', { reason: String(error) }),
      );
      this.#renewLater();
    });
  }

  /** Writes another root when the self-signed one is about to end; it then changes like any other. */
  async #renewSelfSigned(): Promise<void> {
    const { client, clock, log, secrets, rootNamespace } = this.#options;
    const secret = secrets.get(selfSignedSecretName, rootNamespace);
    const isPlugged = secrets.get(pluggedSecretName, rootNamespace) !== undefined;
    if (secret === undefined || isPlugged || this.#next !== undefined) return;
    const { validFromDate, validToDate } = new X509Certificate(this.#signer().material.certificate);
    const lifeMs = validToDate.getTime() - validFromDate.getTime();
    if (validToDate.getTime() - clock.nowMs() > lifeMs * renewalShare) return;
    const { resourceVersion } = secret.metadata;
    const renewed = this.#selfSignedSecret();
    const metadata = {
      ...renewed.metadata,
      ...(resourceVersion !== undefined && { resourceVersion }),
    };
    try {
      await client.update<Secret>(resources.secrets, { ...renewed, metadata });
      log.info('renewed the self-signed root', { notAfterOfTheOld: validToDate.toISOString() });
    } catch (error) {
      // Another replica was faster.
      if (!isKubeError(error, 'conflict')) throw error;
    }
  }

  async #makeSelfSigned(): Promise<SigningMaterial> {
    const { client, clock, log, rootNamespace } = this.#options;
    try {
      await client.create<Secret>(resources.secrets, this.#selfSignedSecret());
      log.info('made a self-signed root', { secret: `${rootNamespace}/${selfSignedSecretName}` });
    } catch (error) {
      if (!isKubeError(error, 'already-exists')) throw error;
    }
    // Another replica may have been faster: what the API server holds is the authority of all.
    const ref = { name: selfSignedSecretName, namespace: rootNamespace };
    const secret = await client.get<Secret>(resources.secrets, ref);
    const { value } = readSigningMaterial(filesOf(secret), clock.nowMs());
    if (value === undefined)
      throw new PilotError('bad-authority', `Secret ${rootNamespace}/${ref.name} is unusable`);
    return value;
  }

  /** After a change of the Secrets. One that cannot be used leaves everything as it is. */
  #reload(): void {
    const { log } = this.#options;
    let material: SigningMaterial | undefined;
    try {
      material = this.#readSecrets();
    } catch (error) {
      log.error('authority not taken over', { reason: String(error) });
      return;
    }
    if (material === undefined) {
      log.error('the authority has no Secret any more: it goes on from memory until a restart');
      return;
    }
    const waiting = this.#next ?? this.#signer();
    const isSame =
      material.certificate === waiting.material.certificate &&
      material.roots.join() === waiting.material.roots.join() &&
      material.chain.join() === waiting.material.chain.join();
    if (!isSame) this.#stage(this.#signerOf(material));
  }

  #stage(next: Signer): void {
    const { log } = this.#options;
    const known = this.#signer().material.roots;
    this.#next = next;
    if (next.material.roots.every((root) => known.includes(root))) {
      this.#switch(next);
      return;
    }
    log.info('a new root is trusted now and signs later', {
      root: next.material.roots.map((root) => fingerprint(root)).join(),
      afterMs: this.#rotation.distributionMs,
    });
    this.#after(this.#rotation.distributionMs, () => {
      if (this.#next === next) this.#switch(next);
    });
    this.#changed();
  }

  #switch(next: Signer): void {
    const { clock, log } = this.#options;
    const untilMs = clock.nowMs() + this.#rotation.overlapMs;
    const left = this.#signer().material.roots.filter(
      (root) => !next.material.roots.includes(root),
    );
    const kept = this.#retired.filter(({ root }) => !next.material.roots.includes(root));
    this.#retired = [...kept, ...left.map((root) => ({ root, untilMs }))];
    this.#current = next;
    this.#next = undefined;
    if (left.length > 0) this.#expireAt(untilMs);
    log.info('certificates are signed by another authority', {
      certificate: fingerprint(next.material.certificate),
      notAfter: new X509Certificate(next.material.certificate).validTo,
    });
    this.#changed();
  }

  #expireAt(untilMs: number): void {
    const { clock } = this.#options;
    this.#after(Math.max(0, untilMs - clock.nowMs()), () => {
      const remaining = this.#retired.filter((one) => one.untilMs > clock.nowMs());
      if (remaining.length === this.#retired.length) return;
      this.#retired = remaining;
      this.#changed();
    });
  }

  #after(delayMs: number, run: () => void): void {
    const cancel = this.#options.clock.schedule(delayMs, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
