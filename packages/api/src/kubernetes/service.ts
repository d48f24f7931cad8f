import type { KubeObject } from '../object.ts';
import type { Condition } from './condition.ts';

/** core/v1 ServicePort. */
export interface ServicePort {
  /** Required when the service has several ports. Istio reads the protocol from it (`http-web`). */
  readonly name?: string;
  /** Default TCP. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  /** Istio reads the protocol from it before it looks at `name`. */
  readonly appProtocol?: string;
  readonly port: number;
  /** Number or name of a container port. Default `port`. */
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

/** core/v1 ServiceSpec. */
export interface ServiceSpec {
  readonly ports?: readonly ServicePort[];
  /** Absent: endpoints are managed by the user. */
  readonly selector?: Readonly<Record<string, string>>;
  /** `None` makes the service headless. */
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  /** Default ClusterIP. */
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  readonly externalIPs?: readonly string[];
  readonly sessionAffinity?: 'None' | 'ClientIP';
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly loadBalancerIP?: string;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly loadBalancerClass?: string;
  readonly externalName?: string;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
  readonly internalTrafficPolicy?: 'Cluster' | 'Local';
  readonly trafficDistribution?: string;
  readonly healthCheckNodePort?: number;
  readonly publishNotReadyAddresses?: boolean;
  readonly ipFamilies?: readonly string[];
  readonly ipFamilyPolicy?: string;
  readonly allocateLoadBalancerNodePorts?: boolean;
}

/** core/v1 LoadBalancerIngress. */
export interface LoadBalancerIngress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: string;
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}

/** core/v1 ServiceStatus. */
export interface ServiceStatus {
  readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] };
  readonly conditions?: readonly Condition[];
}

/** core/v1 Service. */
export interface Service extends KubeObject<ServiceSpec, ServiceStatus> {}
