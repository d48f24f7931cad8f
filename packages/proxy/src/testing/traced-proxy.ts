import type { JsonObject } from '@bufbuild/protobuf';
import type { ProxyDependencies } from '../proxy.ts';
import { type RunningProxy, routeTo, runProxy } from './running-proxy.ts';
import type { SpanCollector } from './span-collector.ts';
import { clusterJson } from './static-bootstrap.ts';
import { collectorCluster } from './tracing-json.ts';
import { httpUpstream, type Upstream } from './upstream.ts';

/** A listener to other services: its spans are of a client. */
export const outbound: JsonObject = { trafficDirection: 'OUTBOUND' };

/** A listener to the app: its spans are of a server. */
export const inbound: JsonObject = { trafficDirection: 'INBOUND' };

/** A route to a cluster with the operation that spans are named after. */
export const decorated = (cluster: string, more: JsonObject = {}): JsonObject => ({
  ...routeTo(cluster),
  decorator: { operation: `${cluster}.default.svc.cluster.local:9080/*` },
  ...more,
});

/** An upstream that keeps the headers it gets. */
export const listening = async (
  status: (count: number) => number = () => 200,
): Promise<Upstream & { readonly seen: Record<string, string | undefined>[] }> => {
  const seen: Record<string, string | undefined>[] = [];
  const upstream = await httpUpstream((request, response) => {
    seen.push(request.headers as Record<string, string | undefined>);
    request.resume();
    response.writeHead(status(seen.length), { 'content-length': 5 }).end('hello');
  });
  return Object.assign(upstream, { seen });
};

/** A proxy that traces: what is behind it, and where spans go. */
export interface TracedProxy {
  /** Port of the cluster `reviews`. */
  readonly upstream: number;
  readonly collector: Pick<SpanCollector, 'port'>;
  readonly isGrpc?: boolean;
  readonly tracing: JsonObject;
  readonly routes?: readonly JsonObject[];
  readonly listener?: JsonObject;
  readonly manager?: JsonObject;
  readonly clusters?: readonly JsonObject[];
}

/** Starts it; without routes of its own all requests go to `reviews`. */
export const runTraced = (
  parts: TracedProxy,
  deps: ProxyDependencies = {},
): Promise<RunningProxy> =>
  runProxy(
    {
      clusters: [
        clusterJson('reviews', [parts.upstream]),
        collectorCluster(parts.collector.port, parts.isGrpc ?? true),
        ...(parts.clusters ?? []),
      ],
      routes: parts.routes ?? [decorated('reviews')],
      manager: { tracing: parts.tracing, ...parts.manager },
      listener: parts.listener ?? outbound,
    },
    deps,
  );

/** Version, trace id, span id and flags of a `traceparent`. */
export const traceparentFields = (traceparent: string | undefined): readonly string[] =>
  (traceparent ?? '').split('-');

/** The value of a counter or gauge by its name in `/stats`; -1: there is none. */
export const statOf = (proxy: RunningProxy, name: string): number => {
  const series = proxy.proxy.stats.series().find(({ statName }) => statName === name);
  return (series?.metric as { readonly value: number } | undefined)?.value ?? -1;
};
