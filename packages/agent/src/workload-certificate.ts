import { X509Certificate } from 'node:crypto';
import type { Clock, Logger } from '@lateen/base';
import { certificateUris, createKeyPair, privateKeyPem, splitCertificates } from '@lateen/identity';
import { AgentError } from './agent-error.ts';
import { type Credentials, requestCertificate } from './certificate-client.ts';
import type { CertificateSettings } from './settings.ts';
import { WatchedFile } from './watched-file.ts';

/** Wait before the next try after a failure: doubles from the first to the last, give or take a half. */
const backOffFirstMs = 100;
const backOffLastMs = 10_000;
/** A rotation is never asked for sooner than this after the last, however short the certificate. */
const leastWaitMs = 1_000;

/** What a proxy needs to prove who it is and to check others. */
export interface WorkloadSecrets {
  readonly certificate: Credentials | undefined;
  /** Every root in force, PEM; undefined until one is known. */
  readonly roots: string | undefined;
}

export interface WorkloadCertificateOptions {
  readonly settings: CertificateSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1). */
  readonly jitter: () => number;
  /** Called after each change of the secrets. */
  readonly onChange: (secrets: WorkloadSecrets) => void;
}

/**
 * Gets a workload's certificate and keeps it fresh: a new key and a new certificate at about half of
 * each one's life. Keys are made here and never leave the process; files hold roots and token only.
 */
export class WorkloadCertificate {
  readonly #options: WorkloadCertificateOptions;
  readonly #rootFile: WatchedFile;
  #certificate: Credentials | undefined;
  /** From the authority's answers, in case the file is late. */
  #answeredRoots = '';
  #roots: string | undefined;
  #failures = 0;
  #cancel: () => void = () => undefined;
  #isBusy = false;
  #isClosed = false;

  constructor(options: WorkloadCertificateOptions) {
    this.#options = options;
    const { settings, clock } = options;
    this.#rootFile = new WatchedFile(settings.rootPath, clock, () => this.#rootsChanged());
    this.#roots = this.#joinRoots();
  }

  get secrets(): WorkloadSecrets {
    return { certificate: this.#certificate, roots: this.#roots };
  }

  start(): void {
    if (this.#roots === undefined)
      this.#options.log.info('waiting for the roots of the mesh', {
        file: this.#options.settings.rootPath,
      });
    void this.#renew();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#rootFile.close();
  }

  /** A root that the file no longer has is trusted no longer, once the authority drops it too. */
  #joinRoots(): string | undefined {
    const all = [this.#rootFile.content ?? '', this.#answeredRoots].flatMap(splitCertificates);
    return all.length === 0 ? undefined : [...new Set(all)].join('');
  }

  #rootsChanged(): void {
    const isFirst = this.#roots === undefined;
    // The file is newer than any answer: what istiod retires leaves it first.
    if (!isFirst) this.#answeredRoots = '';
    if (!this.#takeRoots()) return;
    if (isFirst) void this.#renew();
  }

  /** Whether they differ from those before. */
  #takeRoots(): boolean {
    const roots = this.#joinRoots();
    if (roots === this.#roots || roots === undefined) return false;
    this.#roots = roots;
    this.#options.log.info('roots of the mesh', { count: splitCertificates(roots).length });
    this.#options.onChange(this.secrets);
    return true;
  }

  async #renew(): Promise<void> {
    const roots = this.#roots;
    if (this.#isBusy || this.#isClosed || roots === undefined) return;
    this.#isBusy = true;
    this.#cancel();
    try {
      const waitMs = await this.#request(roots);
      this.#failures = 0;
      this.#later(waitMs);
    } catch (error) {
      this.#noteFailure(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Resolves with the time until the next rotation. */
  async #request(roots: string): Promise<number> {
    const { settings, log, onChange, clock, jitter } = this.#options;
    const keys = await createKeyPair(settings.keyAlgorithm);
    const signed = await requestCertificate({ settings, keys, roots, current: this.#shown() });
    const leaf = new X509Certificate(signed.chain);
    if (!leaf.publicKey.equals(keys.publicKey))
      throw new AgentError('no-certificate', 'the certificate is for another key');
    if (this.#isClosed) return 0;
    this.#certificate = { chain: signed.chain, key: privateKeyPem(keys.privateKey) };
    this.#answeredRoots = signed.roots;
    this.#roots = this.#joinRoots();
    const lifeMs = leaf.validToDate.getTime() - clock.nowMs();
    const share = settings.graceRatio + (jitter() * 2 - 1) * settings.graceJitter;
    const waitMs = Math.max(leastWaitMs, lifeMs * (1 - Math.min(1, Math.max(0, share))));
    log.info('certificate', {
      identity: certificateUris(leaf.raw).join(),
      serial: leaf.serialNumber,
      notAfter: leaf.validToDate.toISOString(),
      renewInS: Math.round(waitMs / 1000),
    });
    onChange(this.secrets);
    return waitMs;
  }

  /**
   * What is shown beside the token. One that has expired (after a sleep, or while istiod was away), or that istiod
   * takes no longer, would end every handshake: it is left out, and at every other try whatever it is.
   */
  #shown(): Credentials | undefined {
    const own = this.#certificate;
    if (own === undefined || this.#failures % 2 === 1) return undefined;
    const endMs = new X509Certificate(own.chain).validToDate.getTime();
    return endMs > this.#options.clock.nowMs() ? own : undefined;
  }

  #noteFailure(error: unknown): void {
    const { log, jitter } = this.#options;
    this.#failures += 1;
    const limitMs = Math.min(backOffFirstMs * 2 ** (this.#failures - 1), backOffLastMs);
    const waitMs = limitMs * (0.5 + jitter());
    log.warn('no certificate', {
      reason: error instanceof Error ? error.message : String(error),
      retryInMs: Math.round(waitMs),
    });
    this.#later(waitMs);
  }

  #later(waitMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.schedule(waitMs, () => void this.#renew());
  }
}
