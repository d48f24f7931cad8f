import { create } from '@bufbuild/protobuf';
import type { FormatContext, FormatNode, OtlpLogSettings } from '@lateen/routing';
import {
  AnyValueSchema,
  type KeyValue,
  KeyValueSchema,
} from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import { BatchExporter, type ExporterStats } from '../export/batch-exporter.ts';
import { otlpSender, type ReportWay } from '../export/report-sender.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';
import { LogEncoder } from './log-encoder.ts';

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

/** Counters under Envoy's names (`access_logs.open_telemetry_access_log.*`). */
const statsOf = (registry: StatsRegistry, { statPrefix }: OtlpLogSettings): ExporterStats => {
  const more = statPrefix === '' ? '' : `.${statPrefix}`;
  const scope = new StatsScope(registry, {
    prefix: `access_logs.open_telemetry_access_log${more}`,
    family: 'envoy_access_logs_open_telemetry_access_log',
    labels: statPrefix === '' ? {} : { envoy_stat_prefix: statPrefix },
  });
  return {
    sent: scope.counter('logs_written'),
    dropped: scope.counter('logs_dropped'),
    timerFlushed: scope.counter('timer_flushed'),
    outcome: {
      accepted: scope.counter('reports_success'),
      refused: scope.counter('reports_refused'),
      failed: scope.counter('reports_failed'),
      'no-cluster': scope.counter('reports_skipped_no_cluster'),
    },
  };
};

type Exporter = BatchExporter<LogEncoder>;

/** Different logs at work at most; a control plane writes one or two. Older ones go on for who has them. */
const maxCollectors = 32;

/** Collectors of all access logs of a proxy; logs with the same settings share one. */
export class LogCollectors {
  readonly #parts: CollectorParts;
  readonly #exporters = new Map<string, Exporter>();

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  open(settings: OtlpLogSettings): LogCollector {
    const exporter = this.#exporters.get(settings.key) ?? this.#create(settings);
    return {
      write: (context) => {
        if (!exporter.admits()) return;
        exporter.encoder.add(context);
        exporter.added();
      },
    };
  }

  #create(settings: OtlpLogSettings): Exporter {
    const exporter = new BatchExporter(
      new LogEncoder(this.#resourceOf(settings), settings.record),
      {
        fullItems: maxReportRecords,
        fullBytes: settings.bufferBytes,
        maxItems: maxPendingRecords,
        maxBytes: Math.max(maxPendingBytes, settings.bufferBytes),
        flushIntervalMs: settings.flushIntervalMs,
      },
      otlpSender(this.#parts, settings.target, exportMethod),
      statsOf(this.#parts.stats, settings),
    );
    const [oldest] = this.#exporters.keys();
    if (this.#exporters.size >= maxCollectors && oldest !== undefined) {
      this.#exporters.delete(oldest);
    }
    this.#exporters.set(settings.key, exporter);
    return exporter;
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
