import type { Dice, OtlpTarget } from '@lateen/routing';
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

/** Time for a report when the configuration gives none: OTLP's exporters wait ten seconds. */
const otlpTimeoutMs = 10_000;

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

const grpcOutcomeOf = (result: CallResult): ReportOutcome => {
  if ('failure' in result) return 'failed';
  return 'failure' in unaryAnswer(result) ? 'refused' : 'accepted';
};

interface ReportForm {
  readonly request: (body: Buffer) => Omit<CallRequest, 'dice'>;
  readonly outcome: (result: CallResult) => ReportOutcome;
}

const sender =
  ({ clusters, dice }: ReportWay, name: string, { request, outcome }: ReportForm): SendReport =>
  (body, done) => {
    const cluster = clusters.get(name);
    if (cluster === undefined) done('no-cluster');
    else callCluster(cluster, { ...request(body), dice }, (result) => done(outcome(result)));
  };

/** A stream that is over: its server took what came, whether it has a last word or not. */
const streamOutcomeOf = (result: CallResult): ReportOutcome => {
  if ('failure' in result) return 'failed';
  const inHead = result.headers.find(([name]) => name === 'grpc-status')?.[1];
  const code = result.trailers?.get('grpc-status') ?? inHead;
  return result.status === 200 && code === '0' ? 'accepted' : 'refused';
};

/** Reports by POST. */
export interface HttpReports {
  readonly cluster: string;
  readonly authority: string;
  /** With query. */
  readonly path: string;
  readonly timeoutMs: number;
  readonly headers: Headers;
}

/** Sends bodies by HTTP. */
export const httpSender = (
  way: ReportWay,
  { cluster, authority, path, timeoutMs, headers }: HttpReports,
): SendReport => {
  const all = [...headers, ...untraced];
  return sender(way, cluster, {
    request: (body) => ({ method: 'POST', path, authority, headers: all, body, timeoutMs }),
    outcome: outcomeOf,
  });
};

/** Sends OTLP; `method`: the full name of the collector's gRPC method. */
export const otlpSender = (way: ReportWay, target: OtlpTarget, method: string): SendReport => {
  const { cluster } = target;
  const authority = target.authority || cluster;
  const timeoutMs = target.timeoutMs || otlpTimeoutMs;
  if (target.kind === 'http') {
    const headers: Headers = [['content-type', 'application/x-protobuf'], ...target.headers];
    return httpSender(way, { cluster, authority, path: target.path, timeoutMs, headers });
  }
  const options = { authority, timeoutMs, metadata: [...target.headers, ...untraced] };
  return sender(way, cluster, {
    request: (body) => unaryRequest(method, body, options),
    outcome: grpcOutcomeOf,
  });
};

/** Sends each batch as a stream of one message; `method`: the full name of a gRPC method that takes streams. */
export const streamSender = (way: ReportWay, target: OtlpTarget, method: string): SendReport => {
  const { cluster } = target;
  const authority = target.authority || cluster;
  const timeoutMs = target.timeoutMs || otlpTimeoutMs;
  const options = { authority, timeoutMs, metadata: [...target.headers, ...untraced] };
  return sender(way, cluster, {
    request: (body) => unaryRequest(method, body, options),
    outcome: streamOutcomeOf,
  });
};
