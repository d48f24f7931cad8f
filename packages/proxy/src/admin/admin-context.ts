import type { Logger } from '@lateen/base';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import type { Configuration } from '../config/configuration.ts';
import type { ListenerSet } from '../listener/listener-set.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { CertificatePem } from '../tls/secure-context.ts';
import type { AdjustableLog } from './adjustable-log.ts';

/** What the admin pages show and steer. */
export interface AdminContext {
  readonly bootstrap: Bootstrap;
  readonly configuration: Configuration;
  readonly listeners: ListenerSet;
  readonly stats: StatsRegistry;
  readonly log: Logger;
  readonly isReady: () => boolean;
  /** What is loaded for TLS. */
  readonly certificates: () => readonly CertificatePem[];
  /** Absent: the level cannot be changed. */
  readonly logLevel?: Pick<AdjustableLog, 'level' | 'setLevel'>;
  readonly statusAddress?: string;
  /** Pod annotations for Prometheus, as `ISTIO_PROMETHEUS_ANNOTATIONS` has them. Absent: the app has no metrics. */
  readonly prometheusAnnotations?: string;
  readonly quit?: () => void;
}

/** One answer. */
export interface AdminReply {
  readonly status: number;
  /** Default `text/plain; charset=UTF-8`. */
  readonly contentType?: string;
  readonly body: string;
}
