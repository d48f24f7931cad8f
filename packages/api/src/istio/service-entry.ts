import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { WorkloadSelector } from './policy-target.ts';
import type { WorkloadEntrySpec } from './workload-entry.ts';

/** networking.istio.io ServicePort of a ServiceEntry. */
export interface ServiceEntryPort {
  readonly number: number;
  /** HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP, TLS, in any case. Default TCP. */
  readonly protocol?: string;
  readonly name: string;
  /** Default `number`. */
  readonly targetPort?: number;
}

/** networking.istio.io ServiceEntry. */
export interface ServiceEntrySpec {
  readonly hosts: readonly string[];
  /** VIPs or CIDRs. */
  readonly addresses?: readonly string[];
  readonly ports?: readonly ServiceEntryPort[];
  /** Default MESH_EXTERNAL. */
  readonly location?: 'MESH_EXTERNAL' | 'MESH_INTERNAL';
  /** Default NONE. */
  readonly resolution?: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS';
  /** Not with `workloadSelector`. */
  readonly endpoints?: readonly WorkloadEntrySpec[];
  readonly workloadSelector?: WorkloadSelector;
  readonly exportTo?: readonly string[];
  readonly subjectAltNames?: readonly string[];
}

/** networking.istio.io ServiceEntryStatus: `addresses` are automatically allocated VIPs. */
export interface ServiceEntryStatus extends IstioStatus {
  readonly addresses?: readonly { readonly value?: string; readonly host?: string }[];
}

/** A networking.istio.io ServiceEntry object. */
export interface ServiceEntry extends KubeObject<ServiceEntrySpec, ServiceEntryStatus> {
  readonly spec: ServiceEntrySpec;
}
