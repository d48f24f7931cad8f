import type { TracingProvider } from '@lateen/routing';
import type { StatsRegistry } from '../stats/registry.ts';
import { b3AndW3cPropagation, b3Propagation } from './b3-context.ts';
import { OtlpEncoder } from './otlp-encoder.ts';
import { createSpanExporter, type SpanExporter } from './span-exporter.ts';
import { reportSender, type SpanWay } from './span-report.ts';
import type { Propagation } from './trace-context.ts';
import { exporterStats } from './tracing-stats.ts';
import { w3cPropagation } from './w3c-context.ts';
import { ZipkinEncoder } from './zipkin-encoder.ts';

/** A provider at work: how contexts are read and written, and where spans go. */
export interface Tracer {
  readonly propagation: Propagation;
  /** Undefined: contexts are handed on, spans are not recorded. */
  readonly exporter: SpanExporter | undefined;
  /** New traces have ids of 32 digits. */
  readonly hasLongIds: boolean;
  /** A server's span takes the id of the caller's. */
  readonly sharesSpans: boolean;
  /** Spans of tries whatever the listener says. */
  readonly splitsSpans: boolean;
  /** Operations without a name are called by their host (Zipkin), not by their direction. */
  readonly namesByHost: boolean;
  /** Spans are sampled whatever was decided. */
  readonly isAlwaysOn: boolean;
}

/** What tracers need. */
export interface TracerParts extends SpanWay {
  readonly stats: StatsRegistry;
  /** The bootstrap's `node.cluster`: Zipkin's name of the service. */
  readonly nodeCluster: string;
  readonly environment: (name: string) => string | undefined;
}

/** `key=value,key=value` with percent-encoding (`OTEL_RESOURCE_ATTRIBUTES`); what is no pair is left out. */
const pairsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      if (key === undefined || value === undefined) return [];
      try {
        return [[key, decodeURIComponent(value)]];
      } catch {
        return [[key, value]];
      }
    }),
  );

const sdk = { 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.name': 'lateen' } as const;

const otlpEncoder = (
  provider: Extract<TracingProvider, { readonly kind: 'opentelemetry' }>,
  environment: TracerParts['environment'],
): OtlpEncoder => {
  const written = provider.readsEnvironment ? (environment('OTEL_RESOURCE_ATTRIBUTES') ?? '') : '';
  return new OtlpEncoder({
    attributes: {
      'service.name': provider.serviceName,
      ...sdk,
      ...provider.resource,
      ...pairsOf(written),
    },
    scope: { name: 'lateen', version: '' },
  });
};

/** Puts a provider to work. */
export const createTracer = (provider: TracingProvider, parts: TracerParts): Tracer => {
  const send = reportSender(parts, provider);
  if (provider.kind === 'opentelemetry') {
    return {
      propagation: w3cPropagation,
      exporter:
        send &&
        createSpanExporter(
          otlpEncoder(provider, parts.environment),
          send,
          exporterStats(parts.stats, provider),
        ),
      hasLongIds: true,
      sharesSpans: false,
      splitsSpans: false,
      namesByHost: false,
      isAlwaysOn: provider.alwaysOn,
    };
  }
  const encoder = new ZipkinEncoder(parts.nodeCluster || 'unknown');
  return {
    propagation: provider.hasW3c ? b3AndW3cPropagation : b3Propagation,
    exporter: send && createSpanExporter(encoder, send, exporterStats(parts.stats, provider)),
    hasLongIds: provider.traceId128Bit,
    sharesSpans: provider.sharedSpanContext,
    splitsSpans: provider.splitsSpans,
    namesByHost: true,
    isAlwaysOn: false,
  };
};

/** Providers at work at most; a control plane has one or two. Older ones go on for who has them. */
const maxTracers = 32;

/** One tracer for each provider, shared by all listeners. */
export class Tracers {
  readonly #parts: TracerParts;
  readonly #tracers = new Map<string, Tracer>();

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  of(provider: TracingProvider): Tracer {
    const key = JSON.stringify(provider);
    const known = this.#tracers.get(key);
    if (known !== undefined) return known;
    const made = createTracer(provider, this.#parts);
    const [oldest] = this.#tracers.keys();
    if (this.#tracers.size >= maxTracers && oldest !== undefined) this.#tracers.delete(oldest);
    this.#tracers.set(key, made);
    return made;
  }

  /** Sends what is there; waits for the answers so long at most. */
  async close(limitMs: number): Promise<void> {
    const exporters = [...this.#tracers.values()].flatMap(({ exporter }) => exporter ?? []);
    await Promise.all(exporters.map((exporter) => exporter.close(limitMs)));
  }
}
