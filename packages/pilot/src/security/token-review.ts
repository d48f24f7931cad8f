import type { KubeObject } from '@lateen/api';
import type { KubeClient, Resource } from '@lateen/kube';

/** Audience of the tokens that Istio's proxies authenticate with to istiod. */
export const istioCaAudience = 'istio-ca';

/** A service account whose token the API server accepted. */
export interface ReviewedAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The account of a token for `istioCaAudience`; undefined for any other. Rejects with `KubeError`. */
export type ReviewToken = (token: string) => Promise<ReviewedAccount | undefined>;

const tokenReviews: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

interface TokenReview extends KubeObject {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly user?: { readonly username?: string };
  };
}

const accountPattern = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** Asks the API server, as istiod does (authentication.k8s.io TokenReview). */
export const tokenReviewer =
  (client: KubeClient): ReviewToken =>
  async (token) => {
    const { status } = await client.create<TokenReview>(tokenReviews, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token, audiences: [istioCaAudience] },
    } as unknown as TokenReview);
    // A server that does not know audiences answers none: its tokens are good for anything.
    if (status?.authenticated !== true || status.audiences?.includes(istioCaAudience) !== true)
      return undefined;
    const [, namespace, serviceAccount] = accountPattern.exec(status.user?.username ?? '') ?? [];
    if (namespace === undefined || serviceAccount === undefined) return undefined;
    return { namespace, serviceAccount };
  };
