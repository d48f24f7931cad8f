import type { KubeObject } from '../object.ts';
import type { Destination } from './destination.ts';
import type { HttpRoute } from './http-route.ts';
import type { IstioStatus } from './istio-status.ts';

/** networking.istio.io RouteDestination. */
export interface RouteDestination {
  readonly destination: Destination;
  readonly weight?: number;
}

/** networking.istio.io TLSMatchAttributes. */
export interface TlsMatch {
  /** Must be covered by the VirtualService's hosts; `*.x` allowed. */
  readonly sniHosts: readonly string[];
  /** CIDR or address. */
  readonly destinationSubnets?: readonly string[];
  readonly port?: number;
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly gateways?: readonly string[];
  readonly sourceNamespace?: string;
}

/** networking.istio.io TLSRoute: chosen by SNI without terminating TLS. */
export interface TlsRoute {
  readonly match: readonly TlsMatch[];
  readonly route?: readonly RouteDestination[];
}

/** networking.istio.io L4MatchAttributes. */
export interface TcpMatch {
  readonly destinationSubnets?: readonly string[];
  readonly port?: number;
  /** Accepted, not implemented by Istio. */
  readonly sourceSubnet?: string;
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly gateways?: readonly string[];
  readonly sourceNamespace?: string;
}

/** networking.istio.io TCPRoute. */
export interface TcpRoute {
  readonly match?: readonly TcpMatch[];
  readonly route?: readonly RouteDestination[];
}

/** networking.istio.io VirtualService. */
export interface VirtualServiceSpec {
  /** Short names resolve in the object's namespace. Empty only for delegates. */
  readonly hosts?: readonly string[];
  /** `name`, `namespace/name`, or the reserved `mesh`. Default `[mesh]`. */
  readonly gateways?: readonly string[];
  readonly http?: readonly HttpRoute[];
  readonly tls?: readonly TlsRoute[];
  readonly tcp?: readonly TcpRoute[];
  /** `*`, `.`, `~` or namespace names. Default: the mesh's defaultVirtualServiceExportTo. */
  readonly exportTo?: readonly string[];
}

/** A networking.istio.io VirtualService object. */
export interface VirtualService extends KubeObject<VirtualServiceSpec, IstioStatus> {
  readonly spec: VirtualServiceSpec;
}
