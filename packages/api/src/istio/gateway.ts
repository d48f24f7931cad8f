import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { ServerTlsSettings } from './server-tls.ts';

/** networking.istio.io Port of a Gateway server. */
export interface GatewayPort {
  readonly number: number;
  /** HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, TCP or TLS, in any case. */
  readonly protocol: string;
  /** Part of the route configuration's name. */
  readonly name: string;
  /** Deprecated. */
  readonly targetPort?: number;
}

/** networking.istio.io Server. */
export interface GatewayServer {
  readonly port: GatewayPort;
  /** Address or unix socket. Default: the wildcard. */
  readonly bind?: string;
  /** `[namespace/]dnsName`; namespace `.` or `*` (default). */
  readonly hosts: readonly string[];
  readonly tls?: ServerTlsSettings;
  /** Accepted, not implemented by Istio. */
  readonly defaultEndpoint?: string;
  readonly name?: string;
}

/** networking.istio.io Gateway. */
export interface GatewaySpec {
  readonly servers?: readonly GatewayServer[];
  /** Labels of the gateway pods, in any namespace. */
  readonly selector?: Readonly<Record<string, string>>;
}

/** A networking.istio.io Gateway object. */
export interface Gateway extends KubeObject<GatewaySpec, IstioStatus> {
  readonly spec: GatewaySpec;
}
