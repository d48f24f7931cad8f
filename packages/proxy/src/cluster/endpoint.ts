import type { EndpointEntry } from '@lateen/routing';
import type { ClientConnection } from '../http1/client-connection.ts';

/** Failures in a row and ejections of one endpoint (`outlier_detection`). */
export interface OutlierRecord {
  consecutive5xx: number;
  consecutiveGateway: number;
  consecutiveLocal: number;
  /** How often it was ejected: the ejection time grows with it. */
  ejections: number;
  /** 0: not ejected. */
  ejectedUntilMs: number;
}

/** One upstream host with what happens on it. It survives updates that keep its address. */
export class Endpoint {
  /** Replaced when the control plane says something new about it. */
  entry: EndpointEntry;
  /** Idle connections, the last used on top: fewer stay open, and those are warm. */
  readonly idle: ClientConnection[] = [];
  /** Open or opening connections. */
  connections = 0;
  /** Requests in flight: what least-request looks at. */
  active = 0;
  /** No longer in the cluster: connections close when their request is done. */
  removed = false;
  readonly outlier: OutlierRecord = {
    consecutive5xx: 0,
    consecutiveGateway: 0,
    consecutiveLocal: 0,
    ejections: 0,
    ejectedUntilMs: 0,
  };
  requestsTotal = 0;
  requestsFailed = 0;
  connectFailures = 0;
  /** `ip:port` as access logs print it. */
  readonly label: string;

  /** When it joined the cluster, in milliseconds of the cluster's clock: slow start counts from here. */
  readonly addedMs: number;

  constructor(entry: EndpointEntry, addedMs: number) {
    this.entry = entry;
    this.addedMs = addedMs;
    this.label = entry.key;
  }

  get isEjected(): boolean {
    return this.outlier.ejectedUntilMs > 0;
  }

  /** Fit for traffic as far as the control plane and outlier detection know. */
  get isHealthy(): boolean {
    return this.entry.health === 'healthy' && !this.isEjected;
  }

  /** Works, but is to be used only when healthy ones cannot carry the traffic. */
  get isDegraded(): boolean {
    return this.entry.health === 'degraded' && !this.isEjected;
  }
}
