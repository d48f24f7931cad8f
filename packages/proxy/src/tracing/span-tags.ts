import { type CustomTag, type FormatContext, metadataAt } from '@lateen/routing';
import type { Exchange } from '../http/exchange.ts';
import { protocolName } from '../http/protocol-name.ts';
import type { UpstreamFailure } from '../http/upstream-connection.ts';
import type { SpanEncoder } from './span-encoder.ts';
import { byteText, tagNames as names, type TagName, tagName } from './span-tag.ts';
import { toldFailures } from './try-failure.ts';

/** What spans read of an exchange. */
export interface TracedExchange extends Exchange {
  formatContext(): FormatContext;
}

/** A tag whose value depends on the request. Undefined or empty: left out. */
export interface RequestTag {
  readonly name: TagName;
  read(exchange: TracedExchange): string | undefined;
}

/** Tags of all spans of a route, the unchanging ones encoded. */
export interface RouteTags {
  /** In the encoder's form. */
  readonly fixed: string;
  readonly asked: readonly RequestTag[];
}

/** Tags of a listener or route: those that never change, and those to ask for. */
export interface TagSet {
  readonly fixed: readonly (readonly [TagName, string])[];
  readonly asked: readonly RequestTag[];
}

type MetadataTag = Extract<CustomTag, { readonly kind: 'metadata' }>;

const metadataOf = (exchange: TracedExchange, { of, namespace, path }: MetadataTag): unknown => {
  switch (of) {
    case 'request':
      return exchange.dynamicMetadata(namespace, path);
    case 'route':
      return metadataAt(exchange.route?.metadata, [namespace, ...path]);
    case 'cluster':
      return metadataAt(exchange.cluster?.table.metadata, [namespace, ...path]);
    case 'host':
      return metadataAt(exchange.endpoint?.entry.metadata, [namespace, ...path]);
  }
};

const metadataText = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined;
  return byteText(typeof value === 'object' ? JSON.stringify(value) : String(value));
};

/** Sorts tags by what they depend on. */
export const tagSet = (
  tags: readonly CustomTag[],
  environment: (name: string) => string | undefined,
): TagSet => {
  const fixed: (readonly [TagName, string])[] = [];
  const asked: RequestTag[] = [];
  for (const tag of tags) {
    const name = tagName(tag.tag);
    if (tag.kind === 'literal') fixed.push([name, byteText(tag.value)]);
    else if (tag.kind === 'environment') {
      fixed.push([name, byteText(environment(tag.variable) ?? tag.fallback)]);
    } else if (tag.kind === 'request-header') {
      const fallback = byteText(tag.fallback);
      asked.push({ name, read: (exchange) => exchange.header(tag.header) ?? fallback });
    } else if (tag.kind === 'format') {
      asked.push({ name, read: (exchange) => tag.format(exchange.formatContext()) });
    } else {
      const fallback = byteText(tag.fallback);
      asked.push({
        name,
        read: (exchange) => metadataText(metadataOf(exchange, tag)) ?? fallback,
      });
    }
  }
  return { fixed: fixed.filter(([, value]) => value !== ''), asked };
};

const urlOf = (exchange: TracedExchange, maxPathCharacters: number): string => {
  const scheme = exchange.header('x-forwarded-proto') ?? exchange.scheme;
  const { authority, path } = exchange;
  return `${scheme}://${authority}${path.length > maxPathCharacters ? path.slice(0, maxPathCharacters) : path}`;
};

const present = (encoder: SpanEncoder, name: TagName, value: string | undefined): void => {
  if (value !== undefined && value !== '') encoder.tag(name, value);
};

const isGrpc = (exchange: TracedExchange): boolean =>
  exchange.header('content-type')?.startsWith('application/grpc') === true;

/** gRPC statuses that are the server's fault: unknown, deadline, unimplemented, internal, unavailable, data loss. */
const failedGrpc: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);

const addGrpc = (encoder: SpanEncoder, exchange: TracedExchange): boolean => {
  encoder.tag(names.grpcPath, exchange.path);
  present(encoder, names.grpcAuthority, exchange.authority);
  present(encoder, names.grpcContentType, exchange.header('content-type'));
  present(encoder, names.grpcTimeout, exchange.header('grpc-timeout'));
  const { grpcStatus } = exchange;
  if (grpcStatus === undefined) return false;
  encoder.tag(names.grpcStatusCode, grpcStatus);
  const message = exchange.responseTrailers?.get('grpc-message');
  present(encoder, names.grpcMessage, message ?? exchange.response?.get('grpc-message'));
  return failedGrpc.has(grpcStatus);
};

/** What both kinds of spans say of the cluster. */
const addCluster = (encoder: SpanEncoder, { cluster }: TracedExchange): void => {
  if (cluster === undefined) return;
  encoder.tag(names.upstreamCluster, cluster.name);
  encoder.tag(names.upstreamClusterName, cluster.table.statName);
};

const addAsked = (
  encoder: SpanEncoder,
  exchange: TracedExchange,
  tags: readonly RequestTag[],
): void => {
  for (const tag of tags) present(encoder, tag.name, tag.read(exchange));
};

/** Tags of a request's span, in Envoy's words. True: the span is an error. */
export const addRequestTags = (
  encoder: SpanEncoder,
  exchange: TracedExchange,
  options: { readonly maxPathCharacters: number; readonly asked: readonly RequestTag[] },
): boolean => {
  present(encoder, names.requestId, exchange.header('x-request-id'));
  encoder.tag(names.url, urlOf(exchange, options.maxPathCharacters));
  encoder.tag(names.method, exchange.method);
  const downstream = exchange.header('x-envoy-downstream-service-cluster');
  encoder.tag(names.downstreamCluster, downstream || '-');
  encoder.tag(names.userAgent, exchange.header('user-agent') || '-');
  encoder.tag(names.protocol, protocolName(exchange));
  encoder.tag(names.peerAddress, exchange.connection.remote);
  present(encoder, names.clientTraceId, exchange.header('x-client-trace-id'));
  const grpcFailed = isGrpc(exchange) && addGrpc(encoder, exchange);
  encoder.tag(names.requestSize, String(exchange.bytesReceived));
  encoder.tag(names.responseSize, String(exchange.bytesSent));
  addCluster(encoder, exchange);
  if (exchange.endpoint !== undefined) encoder.tag(names.upstreamAddress, exchange.endpoint.label);
  const { responseCode } = exchange;
  encoder.tag(names.statusCode, String(responseCode));
  encoder.tag(names.responseFlags, exchange.flags || '-');
  if (exchange.tries > 1) encoder.tag(names.retryCount, String(exchange.tries - 1));
  addAsked(encoder, exchange, options.asked);
  const isError = responseCode === 0 || responseCode >= 500 || grpcFailed;
  if (isError) encoder.tag(names.error, 'true');
  return isError;
};

/** How one try went. */
export interface TryOutcome {
  /** `ip:port` of the endpoint. */
  readonly address: string;
  /** Tries before it. */
  readonly retries: number;
  /** 0: there was no answer. */
  readonly status: number;
  /** Undefined: the try did not fail by itself. */
  readonly failure: UpstreamFailure | undefined;
  readonly isCancelled: boolean;
}

/** Tags of the span of a try upstream. True: the span is an error. */
export const addTryTags = (
  encoder: SpanEncoder,
  exchange: TracedExchange,
  outcome: TryOutcome,
  asked: readonly RequestTag[],
): boolean => {
  const failure = outcome.failure && toldFailures[outcome.failure];
  encoder.tag(names.protocol, protocolName(exchange));
  encoder.tag(names.upstreamAddress, outcome.address);
  encoder.tag(names.peerAddress, outcome.address);
  addCluster(encoder, exchange);
  encoder.tag(names.statusCode, String(outcome.status));
  encoder.tag(names.responseFlags, failure?.flag ?? '-');
  if (outcome.retries > 0) encoder.tag(names.retryCount, String(outcome.retries));
  if (outcome.isCancelled) encoder.tag(names.canceled, 'true');
  present(encoder, names.errorReason, failure?.reason);
  addAsked(encoder, exchange, asked);
  const isError = failure !== undefined || outcome.status === 0 || outcome.status >= 500;
  if (isError) encoder.tag(names.error, 'true');
  return isError;
};
