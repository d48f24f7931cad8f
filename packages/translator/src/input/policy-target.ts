import { labels, list, message, type Reader, text } from './reader.ts';

/** type.istio.io PolicyTargetReference. */
export interface PolicyTargetReference {
  readonly group: string | undefined;
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

/** Which workloads a policy is for: those a selector picks, or those that serve what it refers to. */
export interface PolicyTarget {
  readonly selector: { readonly matchLabels: ReadonlyMap<string, string> } | undefined;
  readonly targetRefs: readonly PolicyTargetReference[];
  /** Deprecated form of `targetRefs`. */
  readonly targetRef: PolicyTargetReference | undefined;
}

const targetReference = message<PolicyTargetReference>({
  group: text,
  kind: text,
  name: text,
  namespace: text,
});

/** Readers of the three fields. */
export const policyTargetFields: {
  readonly [Key in keyof PolicyTarget]: Reader<PolicyTarget[Key]>;
} = {
  selector: message<NonNullable<PolicyTarget['selector']>>({ matchLabels: labels }),
  targetRefs: list(targetReference),
  targetRef: targetReference,
};
