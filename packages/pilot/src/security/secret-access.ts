import type { KubeObject } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { SpiffeId } from '@lateen/identity';
import type { KubeClient, Resource } from '@lateen/kube';

/** Answers are asked for anew after this time, so that a right that is taken away ends. */
export const accessLifetimeMs = 60_000;
/** Identities remembered; gateways are few, and beyond it the oldest answer goes. */
const maxIdentities = 1_000;

const accessReviews: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

interface AccessReview extends KubeObject {
  readonly status?: { readonly allowed?: boolean };
}

/**
 * Whether a proxy's service account may read the Secrets of its own namespace: istiod reads them all,
 * and hands over only what their reader could have read itself (SubjectAccessReview, as Istio).
 */
export class SecretAccess {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #answers = new Map<string, { readonly allowed: boolean; readonly untilMs: number }>();

  constructor(client: KubeClient, clock: Clock, log: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  /** The last answer; false while there is none. */
  isAllowed(identity: SpiffeId): boolean {
    return this.#answers.get(keyOf(identity))?.allowed === true;
  }

  /** Asks unless the last answer is fresh. Resolves with the answer; an API server that is away keeps the last. */
  async ask(identity: SpiffeId): Promise<boolean> {
    const key = keyOf(identity);
    const known = this.#answers.get(key);
    const nowMs = this.#clock.nowMs();
    if (known !== undefined && known.untilMs > nowMs) return known.allowed;
    try {
      const allowed = await this.#review(identity);
      this.#answers.delete(key);
      this.#answers.set(key, { allowed, untilMs: nowMs + accessLifetimeMs });
      if (this.#answers.size > maxIdentities)
        this.#answers.delete(this.#answers.keys().next().value ?? '');
      return allowed;
    } catch (error) {
      this.#log.warn('secret access not reviewed', { identity: key, reason: String(error) });
      return known?.allowed === true;
    }
  }

  async #review({ namespace, serviceAccount }: SpiffeId): Promise<boolean> {
    const { status } = await this.#client.create<AccessReview>(accessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: `system:serviceaccount:${namespace}:${serviceAccount}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
        resourceAttributes: { verb: 'list', resource: 'secrets', namespace },
      },
    } as unknown as AccessReview);
    return status?.allowed === true;
  }
}

const keyOf = ({ namespace, serviceAccount }: SpiffeId): string => `${namespace}/${serviceAccount}`;
