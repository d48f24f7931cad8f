import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';

/** networking.istio.io WorkloadEntry, also used inline as an endpoint of a ServiceEntry. */
export interface WorkloadEntrySpec {
  /** IP, FQDN (DNS resolution only) or `unix://`; may be absent when `network` is set. */
  readonly address?: string;
  /** Service port name to workload port. Default: the service's targetPort. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly network?: string;
  /** `region/zone/subzone`. */
  readonly locality?: string;
  readonly weight?: number;
  readonly serviceAccount?: string;
}

/** A networking.istio.io WorkloadEntry object. */
export interface WorkloadEntry extends KubeObject<WorkloadEntrySpec, IstioStatus> {
  readonly spec: WorkloadEntrySpec;
}
