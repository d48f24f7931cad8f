import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { WorkloadEntrySpec } from './workload-entry.ts';

/** networking.istio.io ReadinessProbe: exactly one of the four actions. */
export interface WorkloadProbe {
  readonly initialDelaySeconds?: number;
  /** Default 1. */
  readonly timeoutSeconds?: number;
  /** Default 10. */
  readonly periodSeconds?: number;
  /** Default 1. */
  readonly successThreshold?: number;
  /** Default 3. */
  readonly failureThreshold?: number;
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number;
    readonly host?: string;
    /** Default HTTP. */
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name?: string; readonly value?: string }[];
  };
  readonly tcpSocket?: { readonly host?: string; readonly port: number };
  readonly exec?: { readonly command: readonly string[] };
  readonly grpc?: { readonly port?: number; readonly service?: string };
}

/** networking.istio.io WorkloadGroup. */
export interface WorkloadGroupSpec {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly template: WorkloadEntrySpec;
  readonly probe?: WorkloadProbe;
}

/** A networking.istio.io WorkloadGroup object. */
export interface WorkloadGroup extends KubeObject<WorkloadGroupSpec, IstioStatus> {
  readonly spec: WorkloadGroupSpec;
}
