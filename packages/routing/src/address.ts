/** Where something listens or can be reached: `envoy.config.core.v3.Address` as plain data. */
export type Address =
  | { readonly kind: 'socket'; readonly host: string; readonly port: number }
  /** Unix domain socket. */
  | { readonly kind: 'pipe'; readonly path: string }
  /** A listener of the same proxy (`envoy_internal_address`). */
  | { readonly kind: 'internal'; readonly listener: string; readonly endpointId: string };
