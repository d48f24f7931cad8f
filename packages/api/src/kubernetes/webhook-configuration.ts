import type { KubeObject } from '../object.ts';
import type { LabelSelector } from './selector.ts';

/** admissionregistration.k8s.io/v1 WebhookClientConfig. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM, base64. */
  readonly caBundle?: string;
}

/** admissionregistration.k8s.io/v1 RuleWithOperations. */
export interface WebhookRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
}

/** admissionregistration.k8s.io/v1 MutatingWebhook and ValidatingWebhook. */
export interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly WebhookRule[];
  readonly failurePolicy?: 'Ignore' | 'Fail';
  readonly matchPolicy?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  /** Mutating only. */
  readonly reinvocationPolicy?: string;
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
}

/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration (cluster-scoped). */
export interface MutatingWebhookConfiguration extends KubeObject<never, never> {
  readonly webhooks?: readonly Webhook[];
}

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration (cluster-scoped). */
export interface ValidatingWebhookConfiguration extends KubeObject<never, never> {
  readonly webhooks?: readonly Webhook[];
}
