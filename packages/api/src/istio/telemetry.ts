import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicyTarget } from './policy-target.ts';

/** telemetry.istio.io WorkloadMode. Default CLIENT_AND_SERVER. */
export type WorkloadMode = 'CLIENT_AND_SERVER' | 'CLIENT' | 'SERVER';

/** telemetry.istio.io ProviderRef. */
export interface ProviderRef {
  readonly name: string;
}

/** telemetry.istio.io Tracing.CustomTag: one member is set. */
export interface TracingTag {
  readonly literal?: { readonly value: string };
  readonly environment?: { readonly name: string; readonly defaultValue?: string };
  readonly header?: { readonly name: string; readonly defaultValue?: string };
  readonly formatter?: { readonly value: string };
}

/** telemetry.istio.io Tracing. */
export interface TelemetryTracing {
  readonly match?: { readonly mode?: WorkloadMode };
  readonly providers?: readonly ProviderRef[];
  /** 0 to 100. Default: the mesh's (1). */
  readonly randomSamplingPercentage?: number | null;
  readonly disableSpanReporting?: boolean | null;
  readonly customTags?: Readonly<Record<string, TracingTag>>;
  readonly useRequestIdForTraceSampling?: boolean | null;
  readonly enableIstioTags?: boolean | null;
  readonly disableContextPropagation?: boolean | null;
}

/** telemetry.istio.io MetricSelector.IstioMetric. */
export type IstioMetric =
  | 'ALL_METRICS'
  | 'REQUEST_COUNT'
  | 'REQUEST_DURATION'
  | 'REQUEST_SIZE'
  | 'RESPONSE_SIZE'
  | 'TCP_OPENED_CONNECTIONS'
  | 'TCP_CLOSED_CONNECTIONS'
  | 'TCP_SENT_BYTES'
  | 'TCP_RECEIVED_BYTES'
  | 'GRPC_REQUEST_MESSAGES'
  | 'GRPC_RESPONSE_MESSAGES';

/** telemetry.istio.io MetricsOverrides. */
export interface MetricsOverride {
  readonly match?: {
    readonly metric?: IstioMetric;
    readonly customMetric?: string;
    readonly mode?: WorkloadMode;
  };
  readonly disabled?: boolean | null;
  /** CEL in `value`; default operation UPSERT. */
  readonly tagOverrides?: Readonly<
    Record<string, { readonly operation?: 'UPSERT' | 'REMOVE'; readonly value?: string }>
  >;
}

/** telemetry.istio.io Metrics. */
export interface TelemetryMetrics {
  readonly providers?: readonly ProviderRef[];
  readonly overrides?: readonly MetricsOverride[];
  /** TCP only. Default 5s. */
  readonly reportingInterval?: string;
}

/** telemetry.istio.io AccessLogging. */
export interface TelemetryAccessLogging {
  readonly match?: { readonly mode?: WorkloadMode };
  readonly providers?: readonly ProviderRef[];
  readonly disabled?: boolean | null;
  /** CEL. */
  readonly filter?: { readonly expression?: string };
}

/** telemetry.istio.io Telemetry. */
export interface TelemetrySpec extends PolicyTarget {
  readonly tracing?: readonly TelemetryTracing[];
  readonly metrics?: readonly TelemetryMetrics[];
  readonly accessLogging?: readonly TelemetryAccessLogging[];
}

/** A telemetry.istio.io Telemetry object. */
export interface Telemetry extends KubeObject<TelemetrySpec, IstioStatus> {}
