import type { Pod, VolumeProjection } from '@lateen/api';
import type { Clock } from '@lateen/base';
import type { ConfigSource } from './config-source.ts';

/** Kubernetes' default of `expirationSeconds`. */
const defaultSeconds = 3_600;
/** A token is replaced after this share of its life, or after a day (kubelet's token manager). */
const renewalShare = 0.8;
const longestUseMs: number = 24 * 60 * 60 * 1_000;

type TokenSource = NonNullable<VolumeProjection['serviceAccountToken']>;

interface IssuedToken {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly renewAtMs: number;
}

/** The service account tokens in one pod's volumes, kept until they are due to be replaced. */
export class PodTokens {
  readonly #config: ConfigSource;
  readonly #clock: Clock;
  readonly #issued = new Map<string, IssuedToken>();

  constructor(config: ConfigSource, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** The text for a projected volume. */
  async text(pod: Pod, source: TokenSource): Promise<string> {
    const { audience, expirationSeconds = defaultSeconds } = source;
    const key = `${expirationSeconds} ${audience ?? ''}`;
    const nowMs = this.#clock.nowMs();
    const known = this.#issued.get(key);
    if (known !== undefined && known.renewAtMs > nowMs) return known.text;
    const lifetimeMs = expirationSeconds * 1_000;
    const text = await this.#config.serviceAccountToken({
      namespace: pod.metadata.namespace ?? 'default',
      name: pod.spec.serviceAccountName ?? 'default',
      lifetimeMs,
      pod: { name: pod.metadata.name, uid: pod.metadata.uid ?? '' },
      ...(audience !== undefined && { audience }),
    });
    const renewAtMs = nowMs + Math.min(lifetimeMs * renewalShare, longestUseMs);
    this.#issued.set(key, { text, renewAtMs });
    return text;
  }

  /** When the next of them is due; undefined without any. Milliseconds since the epoch. */
  get renewAtMs(): number | undefined {
    const times = [...this.#issued.values()].map(({ renewAtMs }) => renewAtMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
