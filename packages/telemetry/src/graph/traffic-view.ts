import type { Series } from '../contract/series.ts';
import type { PeerTraffic, TrafficNow, TrafficSeries } from '../contract/service.ts';
import { groupValue } from '../metrics/metrics-query.ts';
import { quantileOf } from '../metrics/quantile.ts';
import { addCall, type Call, type CallEnd, emptyCall } from './call.ts';
import { bytesOf, mergeCalls } from './call-table.ts';
import { callSeries, type SeriesSteps, seriesOf } from './edge-view.ts';

const nobody: CallEnd = {
  ...{ cluster: '', namespace: '', workload: '', app: '', version: '' },
};

/** All calls as one. */
export const sumOfCalls = (calls: readonly Call[]): Call => {
  const sum = emptyCall({
    source: nobody,
    target: nobody,
    service: { host: '', name: '', namespace: '' },
    protocol: 'http',
  });
  for (const call of calls) addCall(sum, call);
  return sum;
};

/** Requests a second, errors and latency of calls, now. */
export const trafficNow = (calls: readonly Call[], seconds: number): TrafficNow => {
  const { requests, errors, durationBuckets } = sumOfCalls(calls);
  return {
    requestsPerSecond: seconds === 0 ? 0 : requests / seconds,
    errorShare: requests === 0 ? null : errors / requests,
    p50Ms: quantileOf(durationBuckets, 0.5),
    p95Ms: quantileOf(durationBuckets, 0.95),
    p99Ms: quantileOf(durationBuckets, 0.99),
  };
};

/** The same over time. Bytes in and out are seen from who is called: in are requests. */
export const trafficSeries = (calls: readonly Call[], steps: SeriesSteps): TrafficSeries => {
  const sum = sumOfCalls(calls);
  const { requestsPerSecond, errorsPerSecond, p95Ms } = callSeries(sum, steps);
  const quantile = (fn: 'p50' | 'p99'): Series =>
    seriesOf(steps, (range) => groupValue(fn, sum.durations, range));
  const bytes = (all: Call['outBytes']): Series =>
    seriesOf(
      steps,
      ({ slots, seconds }) =>
        all.reduce((total, series) => total + bytesOf(series, slots), 0) / seconds,
    );
  return {
    requestsPerSecond,
    errorsPerSecond,
    p50Ms: quantile('p50'),
    p95Ms,
    p99Ms: quantile('p99'),
    bytesInPerSecond: bytes(sum.outBytes),
    bytesOutPerSecond: bytes(sum.inBytes),
  };
};

/** Traffic by neighbour, most requests first. */
export const peerTraffic = (
  calls: readonly Call[],
  side: 'source' | 'target',
  seconds: number,
): readonly PeerTraffic[] => {
  const byPeer = mergeCalls(calls, (call) => {
    const { namespace, workload, version } = call[side];
    const service = side === 'target' && workload === 'unknown' ? call.service.name : '';
    return [namespace, workload, version, service, call.protocol].join('\u0000');
  });
  return [...byPeer.values()]
    .toSorted((left, right) => right.requests - left.requests)
    .map((call) => {
      const end = call[side];
      const isService = side === 'target' && end.workload === 'unknown';
      return {
        peer: {
          namespace: isService ? call.service.namespace : end.namespace,
          name: isService ? call.service.name : end.workload,
          version: end.version,
        },
        protocol: call.protocol,
        requestsPerSecond: seconds === 0 ? 0 : call.requests / seconds,
        errorShare: call.requests === 0 ? null : call.errors / call.requests,
        p95Ms: quantileOf(call.durationBuckets, 0.95),
        mtlsShare: call.securityKnown === 0 ? null : call.mutualTls / call.securityKnown,
      };
    });
};
