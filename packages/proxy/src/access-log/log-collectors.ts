import { create } from '@bufbuild/protobuf';
import type {
  AccessLogSettings,
  FormatContext,
  FormatNode,
  GrpcLogSettings,
  OtlpLogSettings,
} from '@lateen/routing';
import {
  AnyValueSchema,
  type KeyValue,
  KeyValueSchema,
} from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import { BatchExporter, type BatchLimits, type ExporterStats } from '../export/batch-exporter.ts';
import {
  otlpSender,
  type ReportWay,
  type SendReport,
  streamSender,
} from '../export/report-sender.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';
import { GrpcLogEncoder } from './grpc-log-encoder.ts';
import { LogEncoder } from './log-encoder.ts';
import type { RecordEncoder } from './record-encoder.ts';

/** `envoy.service.accesslog.v3.AccessLogService`. */
const streamMethod = 'envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
const exportMethod = 'opentelemetry.proto.collector.logs.v1.LogsService/Export';

/** Records kept while a collector is slow, in bytes and number; more are dropped and counted. */
const maxPendingBytes = 1_048_576;
const maxPendingRecords = 8_192;
/** Records of a report: collectors take messages of 4 MiB. */
const maxReportRecords = 2_048;

/** Sends records to one collector. */
export interface LogCollector {
  write(context: FormatContext): void;
}

/** What collectors need. */
export interface CollectorParts extends ReportWay {
  readonly stats: StatsRegistry;
  readonly node: FormatNode;
}

const textAttribute = (key: string, text: string): KeyValue =>
  create(KeyValueSchema, {
    key,
    value: create(AnyValueSchema, { value: { case: 'stringValue', value: text } }),
  });

const countersOf = (scope: StatsScope): ExporterStats => ({
  sent: scope.counter('logs_written'),
  dropped: scope.counter('logs_dropped'),
  timerFlushed: scope.counter('timer_flushed'),
  outcome: {
    accepted: scope.counter('reports_success'),
    refused: scope.counter('reports_refused'),
    failed: scope.counter('reports_failed'),
    'no-cluster': scope.counter('reports_skipped_no_cluster'),
  },
});

/** Counters under Envoy's names (`access_logs.open_telemetry_access_log.*`). */
const otlpStats = (registry: StatsRegistry, { statPrefix }: OtlpLogSettings): ExporterStats => {
  const more = statPrefix === '' ? '' : `.${statPrefix}`;
  return countersOf(
    new StatsScope(registry, {
      prefix: `access_logs.open_telemetry_access_log${more}`,
      family: 'envoy_access_logs_open_telemetry_access_log',
      labels: statPrefix === '' ? {} : { envoy_stat_prefix: statPrefix },
    }),
  );
};

/** `access_logs.grpc_access_log.*`. */
const grpcStats = (registry: StatsRegistry): ExporterStats =>
  countersOf(
    new StatsScope(registry, {
      prefix: 'access_logs.grpc_access_log',
      family: 'envoy_access_logs_grpc_access_log',
      labels: {},
    }),
  );

/** Logs that are sent somewhere. */
type SentLog = Extract<AccessLogSettings['sink'], { readonly kind: 'otlp' | 'grpc' }>;

type Exporter = BatchExporter<RecordEncoder>;

const limitsOf = ({ bufferBytes, flushIntervalMs }: SentLog): BatchLimits => ({
  fullItems: maxReportRecords,
  fullBytes: bufferBytes,
  maxItems: maxPendingRecords,
  maxBytes: Math.max(maxPendingBytes, bufferBytes),
  flushIntervalMs,
});

/** What sends the records of one log. */
interface ExporterParts {
  readonly encoder: RecordEncoder;
  readonly send: SendReport;
  readonly stats: ExporterStats;
}

/** Different logs at work at most; a control plane writes one or two. Older ones go on for who has them. */
const maxCollectors = 32;

/** Collectors of all access logs of a proxy; logs with the same settings share one. */
export class LogCollectors {
  readonly #parts: CollectorParts;
  readonly #exporters = new Map<string, Exporter>();

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  open(settings: SentLog): LogCollector {
    const key = `${settings.kind} ${settings.key}`;
    const exporter = this.#exporters.get(key) ?? this.#create(settings, key);
    return {
      write: (context) => {
        if (!exporter.admits()) return;
        exporter.encoder.add(context);
        exporter.added();
      },
    };
  }

  #create(settings: SentLog, key: string): Exporter {
    const { encoder, send, stats } =
      settings.kind === 'otlp' ? this.#otlp(settings) : this.#grpc(settings);
    const exporter: Exporter = new BatchExporter(encoder, limitsOf(settings), send, stats);
    const [oldest] = this.#exporters.keys();
    if (this.#exporters.size >= maxCollectors && oldest !== undefined) {
      this.#exporters.delete(oldest);
    }
    this.#exporters.set(key, exporter);
    return exporter;
  }

  #otlp(settings: OtlpLogSettings): ExporterParts {
    return {
      encoder: new LogEncoder(this.#resourceOf(settings), settings.record),
      send: otlpSender(this.#parts, settings.target, exportMethod),
      stats: otlpStats(this.#parts.stats, settings),
    };
  }

  #grpc(settings: GrpcLogSettings): ExporterParts {
    return {
      encoder: new GrpcLogEncoder(settings, this.#parts.node),
      send: streamSender(this.#parts, settings.target, streamMethod),
      stats: grpcStats(this.#parts.stats),
    };
  }

  #resourceOf({ logName, hasBuiltinLabels, resourceAttributes }: OtlpLogSettings): KeyValue[] {
    if (!hasBuiltinLabels) return [...resourceAttributes];
    const { node } = this.#parts;
    return [
      textAttribute('log_name', logName),
      textAttribute('zone_name', node.locality?.zone ?? ''),
      textAttribute('cluster_name', node.cluster),
      textAttribute('node_name', node.id),
      ...resourceAttributes,
    ];
  }

  /** Sends what is there; waits for the answers so long at most. */
  async close(limitMs: number): Promise<void> {
    await Promise.all([...this.#exporters.values()].map((exporter) => exporter.close(limitMs)));
  }
}
