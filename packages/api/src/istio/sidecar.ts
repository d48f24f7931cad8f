import type { KubeObject } from '../object.ts';
import type { Destination } from './destination.ts';
import type { IstioStatus } from './istio-status.ts';
import type { WorkloadSelector } from './policy-target.ts';
import type { ServerTlsSettings } from './server-tls.ts';
import type { ConnectionPoolSettings } from './traffic-policy.ts';

/** networking.istio.io SidecarPort. */
export interface SidecarPort {
  readonly number?: number;
  readonly protocol?: string;
  readonly name?: string;
  /** Deprecated. */
  readonly targetPort?: number;
}

/** networking.istio.io CaptureMode. */
export type CaptureMode = 'DEFAULT' | 'IPTABLES' | 'NONE';

/** networking.istio.io IstioIngressListener. */
export interface SidecarIngress {
  readonly port: SidecarPort;
  readonly bind?: string;
  readonly captureMode?: CaptureMode;
  /** `127.0.0.1:P`, `[::1]:P`, `0.0.0.0:P`, `[::]:P` or `unix://`. Default: the instance's port. */
  readonly defaultEndpoint?: string;
  readonly tls?: ServerTlsSettings;
  readonly connectionPool?: ConnectionPoolSettings;
}

/** networking.istio.io IstioEgressListener. */
export interface SidecarEgress {
  readonly port?: SidecarPort;
  readonly bind?: string;
  readonly captureMode?: CaptureMode;
  /** `namespace/dnsName`; namespace may be `*`, `.`, `~`. */
  readonly hosts: readonly string[];
}

/** networking.istio.io OutboundTrafficPolicy; an empty message means REGISTRY_ONLY (the enum's zero). */
export interface OutboundTrafficPolicy {
  readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY' | 'ALLOW_ANY_DYNAMIC_DNS';
  readonly egressProxy?: Destination;
}

/** networking.istio.io Sidecar. */
export interface SidecarSpec {
  /** Absent: every workload of the namespace (of the mesh, in the root namespace). */
  readonly workloadSelector?: WorkloadSelector;
  readonly ingress?: readonly SidecarIngress[];
  readonly egress?: readonly SidecarEgress[];
  readonly inboundConnectionPool?: ConnectionPoolSettings;
  readonly outboundTrafficPolicy?: OutboundTrafficPolicy;
}

/** A networking.istio.io Sidecar object. */
export interface Sidecar extends KubeObject<SidecarSpec, IstioStatus> {}
