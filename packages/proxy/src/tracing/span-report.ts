import type { Dice, OtlpTarget, TracingProvider } from '@lateen/routing';
import type { Cluster } from '../cluster/cluster.ts';
import { type CallRequest, type CallResult, callCluster } from '../filters/cluster-call.ts';
import { unaryAnswer, unaryRequest } from '../filters/grpc-call.ts';

/** How a report ended. */
export type ReportOutcome = 'accepted' | 'refused' | 'failed' | 'no-cluster';

/** Sends a batch; `done` is called once, perhaps before this returns. */
export type SendReport = (body: Buffer, done: (outcome: ReportOutcome) => void) => void;

/** What sending needs. */
export interface ReportWay {
  /** Always the current ones. */
  readonly clusters: { get(name: string): Cluster | undefined };
  readonly dice: Dice;
}

/** Time for a report when the configuration gives none: OTLP's exporters wait ten seconds, Zipkin's in Envoy five. */
const otlpTimeoutMs = 10_000;
const zipkinTimeoutMs = 5_000;

const exportMethod = 'opentelemetry.proto.collector.trace.v1.TraceService/Export';

type Headers = readonly (readonly [string, string])[];

/** A collector's own proxy must not trace reports: each would make the next. */
const untraced: Headers = [
  ['traceparent', '00-00000000000000000000000000000001-0000000000000001-00'],
  ['x-b3-sampled', '0'],
];

const outcomeOf = (result: CallResult): ReportOutcome => {
  if ('failure' in result) return 'failed';
  return result.status >= 200 && result.status < 300 ? 'accepted' : 'refused';
};

type Call = Omit<CallRequest, 'dice'>;

const sender =
  (
    { clusters, dice }: ReportWay,
    name: string,
    parts: {
      readonly request: (body: Buffer) => Call;
      readonly outcome: (result: CallResult) => ReportOutcome;
    },
  ): SendReport =>
  (body, done) => {
    const cluster = clusters.get(name);
    if (cluster === undefined) done('no-cluster');
    else {
      callCluster(cluster, { ...parts.request(body), dice }, (result) =>
        done(parts.outcome(result)),
      );
    }
  };

const otlpSender = (way: ReportWay, target: OtlpTarget): SendReport => {
  const { cluster } = target;
  const authority = target.authority || cluster;
  const timeoutMs = target.timeoutMs || otlpTimeoutMs;
  if (target.kind === 'grpc') {
    const options = { authority, timeoutMs, metadata: [...target.headers, ...untraced] };
    return sender(way, cluster, {
      request: (body) => unaryRequest(exportMethod, body, options),
      outcome: (result) => {
        if ('failure' in result) return 'failed';
        return 'failure' in unaryAnswer(result) ? 'refused' : 'accepted';
      },
    });
  }
  const headers: Headers = [
    ['content-type', 'application/x-protobuf'],
    ...target.headers,
    ...untraced,
  ];
  const { path } = target;
  return sender(way, cluster, {
    request: (body) => ({ method: 'POST', path, authority, headers, body, timeoutMs }),
    outcome: outcomeOf,
  });
};

/** How reports go to a provider; undefined: nowhere. */
export const reportSender = (way: ReportWay, provider: TracingProvider): SendReport | undefined => {
  if (provider.kind === 'opentelemetry') {
    return provider.target && otlpSender(way, provider.target);
  }
  const { cluster, hostname, path } = provider;
  const headers: Headers = [['content-type', 'application/json'], ...untraced];
  const authority = hostname || cluster;
  return sender(way, cluster, {
    request: (body) => ({
      ...{ method: 'POST', path, authority, headers, body },
      timeoutMs: zipkinTimeoutMs,
    }),
    outcome: outcomeOf,
  });
};
