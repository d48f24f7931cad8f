/** type.istio.io WorkloadSelector: all labels must match; empty selects every workload in the namespace. */
export interface PolicySelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

/** type.istio.io PolicyTargetReference: a Gateway, GatewayClass, Service or ServiceEntry. */
export interface PolicyTargetReference {
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** How a policy picks what it applies to: a selector or references, not both; neither means the whole namespace. */
export interface PolicyTarget {
  readonly selector?: PolicySelector;
  readonly targetRefs?: readonly PolicyTargetReference[];
  /** Deprecated form of `targetRefs`. */
  readonly targetRef?: PolicyTargetReference;
}

/** networking.istio.io WorkloadSelector. */
export interface WorkloadSelector {
  readonly labels?: Readonly<Record<string, string>>;
}
