import type { Format } from './format-context.ts';
import type { Millionths } from './request-head.ts';

/** Shares of requests that are traced, for each way a request may ask for it. */
export interface SamplingRates {
  /** Of requests with `x-client-trace-id`. Default all. */
  readonly client: Millionths;
  /** Of requests that nobody decided about. Default all. */
  readonly random: Millionths;
  /** Of all that would be traced, a bound for the rest. Default all. */
  readonly overall: Millionths;
}

/** One more tag of every span (`envoy.type.tracing.v3.CustomTag`); an empty value leaves it out. */
export type CustomTag =
  | { readonly kind: 'literal'; readonly tag: string; readonly value: string }
  | {
      readonly kind: 'environment';
      readonly tag: string;
      readonly variable: string;
      readonly fallback: string;
    }
  | {
      readonly kind: 'request-header';
      readonly tag: string;
      /** Lower-case. */
      readonly header: string;
      readonly fallback: string;
    }
  | {
      /** Command operators of access logs; what is not there is empty. */
      readonly kind: 'format';
      readonly tag: string;
      readonly format: Format;
    }
  | {
      readonly kind: 'metadata';
      readonly tag: string;
      readonly of: 'request' | 'route' | 'cluster' | 'host';
      readonly namespace: string;
      readonly path: readonly string[];
      readonly fallback: string;
    };

/** Where OTLP goes. `timeoutMs` 0: the exporter's own. */
export type OtlpTarget =
  | {
      readonly kind: 'grpc';
      readonly cluster: string;
      /** Empty: the cluster's name. */
      readonly authority: string;
      readonly timeoutMs: number;
      readonly headers: readonly (readonly [name: string, value: string])[];
    }
  | {
      readonly kind: 'http';
      readonly cluster: string;
      readonly authority: string;
      /** With query. */
      readonly path: string;
      readonly timeoutMs: number;
      readonly headers: readonly (readonly [name: string, value: string])[];
    };

/** Who gets the spans, and how contexts are written in headers. */
export type TracingProvider =
  | {
      /** `envoy.config.trace.v3.OpenTelemetryConfig`: W3C Trace Context, OTLP. */
      readonly kind: 'opentelemetry';
      /** Default `unknown_service:envoy`. */
      readonly serviceName: string;
      /** Undefined: spans go nowhere, contexts are handed on all the same. */
      readonly target: OtlpTarget | undefined;
      /** `OTEL_RESOURCE_ATTRIBUTES` belongs to the resource. */
      readonly readsEnvironment: boolean;
      /** Further attributes of the resource (static detector). */
      readonly resource: Readonly<Record<string, string>>;
      /** Every span is sampled, whatever was decided (`always_on`). */
      readonly alwaysOn: boolean;
    }
  | {
      /** `envoy.config.trace.v3.ZipkinConfig`: B3, JSON v2. */
      readonly kind: 'zipkin';
      readonly cluster: string;
      /** Path of the collector, `/api/v2/spans`. */
      readonly path: string;
      /** Host header; empty: the cluster's name. */
      readonly hostname: string;
      /** 0: the exporter's own. */
      readonly timeoutMs: number;
      readonly headers: readonly (readonly [name: string, value: string])[];
      /** W3C contexts are read where there is none of B3, and written beside it. */
      readonly hasW3c: boolean;
      readonly traceId128Bit: boolean;
      /** Both sides of a call have one span id. Envoy's default true, Istio's false. */
      readonly sharedSpanContext: boolean;
      /** Client spans upstream as with `spawn_upstream_span`. */
      readonly splitsSpans: boolean;
    };

/** `HttpConnectionManager.Tracing` as plain data. */
export interface TracingSettings {
  /** Undefined: the bootstrap's, if there is one. */
  readonly provider: TracingProvider | undefined;
  readonly rates: SamplingRates;
  /** Spans tell when bytes came and went. */
  readonly verbose: boolean;
  /** Characters of a path in `http.url`. Default 256. */
  readonly maxPathCharacters: number;
  readonly customTags: readonly CustomTag[];
  /** Each try upstream has a span of its own, below the request's. */
  readonly spawnsUpstreamSpan: boolean;
  /** Requests go on with the context of their span. Default true; false: with what came. */
  readonly propagatesContext: boolean;
  /** The request id decides, so that all proxies decide alike. Default true; false: all is sampled. */
  readonly usesRequestId: boolean;
  /** The decision is written into the request id. Default true. */
  readonly packsReason: boolean;
}

/** `envoy.config.route.v3.Tracing`: replaces the listener's rates, adds tags. */
export interface RouteTracing {
  readonly rates: SamplingRates;
  readonly customTags: readonly CustomTag[];
}
