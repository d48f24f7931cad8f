import type { HttpRoute, TcpRoute, TlsRoute } from '../input/virtual-service.ts';

/** The reserved gateway name that stands for all sidecars. */
export const meshGateway = 'mesh';

/** One `http` rule with the place it was written at. */
export interface HttpRule {
  readonly route: HttpRoute;
  /** Index in `spec.http` of the VirtualService (of the root, for a delegated rule). */
  readonly rule: number;
  /** The delegate that gave the rule, and the rule's index there. */
  readonly delegate?: { readonly config: string; readonly rule: number };
}

/** A VirtualService with every name resolved and its delegates merged in. Immutable. */
export interface MeshVirtualService {
  readonly name: string;
  readonly namespace: string;
  readonly creationTimestamp: string;
  readonly config: string;
  readonly hosts: readonly string[];
  /** `mesh` or `namespace/name`. */
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
  readonly http: readonly HttpRule[];
  readonly tls: readonly TlsRoute[];
  readonly tcp: readonly TcpRoute[];
}
