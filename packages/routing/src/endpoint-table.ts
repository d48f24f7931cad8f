import type { Address } from './address.ts';
import type { Millionths } from './request-head.ts';

/** Region, zone and sub-zone; empty strings when unknown. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** One endpoint, flat: everything a balancer looks at. */
export interface EndpointEntry {
  readonly address: Address;
  /** `host:port`, the pipe's path, or the internal listener: the identity across updates. */
  readonly key: string;
  /** Name for strict DNS resolution, host rewrite and hashing; empty when none. */
  readonly hostname: string;
  /** At least 1. */
  readonly weight: number;
  /** As the control plane says. `degraded` is used only when too few are healthy. */
  readonly health: 'healthy' | 'unhealthy' | 'draining' | 'degraded';
  /** 0 is highest. */
  readonly priority: number;
  readonly locality: Locality;
  /** Weight of the locality within its priority; undefined: not weighted. */
  readonly localityWeight: number | undefined;
  /** Filter metadata by filter name, endpoint over locality. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A compiled `ClusterLoadAssignment`. */
export interface EndpointTable {
  readonly clusterName: string;
  /** In order of the message. */
  readonly endpoints: readonly EndpointEntry[];
  /** Number of priorities: 0 when there is no endpoint. */
  readonly priorities: number;
  /** Percent; a priority with health x factor >= 100 takes all traffic. Default 140. */
  readonly overprovisioningPercent: number;
  readonly drops: readonly { readonly category: string; readonly fraction: Millionths }[];
}
