/** `GET schema/{kind}`: OpenAPI v3 schema of the kind, for completion. */
export interface KindSchema {
  readonly kind: string;
  readonly apiVersion: string;
  readonly apiVersions: readonly string[];
  /** `openAPIV3Schema`: `type`, `description`, `properties`, `items`, `enum` ... */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Names that make sense as values: hosts, subsets, gateways, namespaces as they are now. */
  readonly values: {
    readonly hosts: readonly string[];
    /** Host to names of its subsets. */
    readonly subsets: Readonly<Record<string, readonly string[]>>;
    readonly gateways: readonly string[];
    readonly namespaces: readonly string[];
    /** Workload labels, `key=value`. */
    readonly labels: readonly string[];
  };
}
