import type { EndpointEntry, MeshStatsSettings } from '@lateen/routing';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Downstream } from '../../http/downstream.ts';
import type { Exchange, PeerFacts } from '../../http/exchange.ts';
import type { Counter, Histogram } from '../../stats/metric.ts';
import type { Labels } from '../../stats/registry.ts';
import { type ConnectionTls, connectionTls } from '../../tls/connection-tls.ts';
import { upstreamTlsOf } from '../../tls/upstream-tls.ts';
import { GrpcStreams, type MessageCounters } from './grpc-streams.ts';
import { LabelOverrides, MetricSource } from './label-overrides.ts';
import { endpointFacts, type MeshIdentity } from './mesh-identity.ts';
import {
  type CallFacts,
  isGrpc,
  meshLabels,
  reporterOf,
  serviceOf,
  unknownPeer,
} from './mesh-labels.ts';
import { type Principals, principalsOf, securityOf } from './mesh-principals.ts';
import type { MeshSeries } from './mesh-series.ts';

/** Combinations of labels found at once; more are looked up among all series. */
const maxCalls = 8192;

/** Hosts are chosen by clients: labels keep this much of them (DNS names are shorter). */
const maxHostCharacters = 253;

/** The metrics of one combination of labels. */
interface CallMetrics {
  readonly requests: Counter;
  readonly durationMs: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

const inboundTls = ({ tls }: Downstream): ConnectionTls | undefined =>
  tls === undefined ? undefined : connectionTls(tls);

/** Facts of endpoints by their metadata: parsed once. */
const factsOfEndpoints = new WeakMap<object, PeerFacts>();

const factsOfEndpoint = ({ metadata }: EndpointEntry): PeerFacts => {
  const known = factsOfEndpoints.get(metadata);
  if (known !== undefined) return known;
  const facts = endpointFacts(metadata) ?? unknownPeer;
  factsOfEndpoints.set(metadata, facts);
  return facts;
};

const noValues: readonly string[] = [];

/** What tells one combination of labels from another, besides what the exchange says. */
interface CallSides {
  readonly peer: PeerFacts | undefined;
  readonly isGrpc: boolean;
  readonly principals: Principals;
}

/** The last combination of a peer, or of a cluster without one: most requests repeat it. */
interface LastCall {
  readonly cluster: Cluster;
  readonly code: number;
  readonly flags: string;
  readonly principals: Principals;
  readonly metrics: CallMetrics;
}

const peerKey = (peer: PeerFacts): string =>
  `${peer['workload']} ${peer['namespace']} ${peer['version']} ${peer['cluster']}`;

/** What calls itself a status of gRPC comes from the server: other text must not become a label. */
const grpcStatusLabel = (status: string | undefined): string =>
  status !== undefined && /^[0-9]{1,3}$/.test(status) ? status : '';

/** What is known of a call before it is over: labels of its messages, as with Istio. */
const messageLabels = (labels: Labels): Labels => {
  const {
    request_protocol: _protocol,
    response_flags: _flags,
    connection_security_policy: _security,
    ...kept
  } = labels;
  return kept;
};

/** What request metrics are made of. */
export interface RequestMetricsParts {
  readonly settings: MeshStatsSettings;
  readonly identity: MeshIdentity;
  readonly series: MeshSeries;
  readonly isInbound: boolean;
}

/** Istio's standard metrics of requests that pass one listener. */
export class RequestMetrics {
  readonly #settings: MeshStatsSettings;
  readonly #identity: MeshIdentity;
  readonly #series: MeshSeries;
  readonly #isInbound: boolean;
  readonly #overrides: LabelOverrides | undefined;
  readonly #calls = new Map<string, CallMetrics>();
  #lastCalls = new WeakMap<PeerFacts | Cluster, LastCall>();
  readonly #messages = new Map<string, MessageCounters>();
  readonly #streams: GrpcStreams;
  #generation = 0;

  constructor({ settings, identity, series, isInbound }: RequestMetricsParts) {
    this.#settings = settings;
    this.#identity = identity;
    this.#series = series;
    this.#isInbound = isInbound;
    this.#overrides = settings.overrides && new LabelOverrides(settings.overrides);
    this.#streams = new GrpcStreams(settings.tcpReportingMs, (exchange) =>
      this.#messageCounters(exchange),
    );
  }

  /** A request begins; calls of gRPC have their messages counted. */
  begin(exchange: Exchange): void {
    // gRPC is HTTP/2: others are not asked for their content type.
    if (exchange.connection.outlet !== undefined && isGrpc(exchange)) this.#streams.begin(exchange);
  }

  count(exchange: Exchange): void {
    if (this.#settings.rotationMs > 0) this.#rotate(exchange);
    const metrics =
      this.#overrides === undefined
        ? this.#metricsOf(exchange)
        : this.#overriddenMetrics(exchange, this.#overrides);
    metrics.requests.value++;
    metrics.durationMs.observe(exchange.durationMs);
    metrics.requestBytes.observe(exchange.requestHeadBytes + exchange.bytesReceived);
    metrics.responseBytes.observe(exchange.responseHeadBytes + exchange.bytesSent);
    if (exchange.messages !== undefined) this.#streams.end(exchange, exchange.messages);
  }

  /** Other filters may give up series as well: nothing that was found before is kept then. */
  #rotate(exchange: Exchange): void {
    const series = this.#series;
    series.rotate(this.#settings.rotationMs, exchange.startMs + exchange.durationMs);
    if (series.generation === this.#generation) return;
    this.#generation = series.generation;
    this.#calls.clear();
    this.#messages.clear();
    this.#lastCalls = new WeakMap();
  }

  #sidesOf(exchange: Exchange): CallSides {
    return {
      peer: this.#peerOf(exchange),
      isGrpc: isGrpc(exchange),
      principals: this.#principalsOf(exchange),
    };
  }

  #metricsOf(exchange: Exchange): CallMetrics {
    const { cluster, responseCode: code, flags } = exchange;
    const sides = this.#sidesOf(exchange);
    if (cluster === undefined || cluster.isOriginalDestination || sides.isGrpc) {
      return this.#find(exchange, sides, noValues);
    }
    const { peer, principals } = sides;
    const last = this.#lastCalls.get(peer ?? cluster);
    if (last !== undefined && last.cluster === cluster && last.principals === principals) {
      if (last.code === code && last.flags === flags) return last.metrics;
    }
    const metrics = this.#find(exchange, sides, noValues);
    this.#lastCalls.set(peer ?? cluster, { cluster, code, flags, principals, metrics });
    return metrics;
  }

  #overriddenMetrics(exchange: Exchange, overrides: LabelOverrides): CallMetrics {
    const context = exchange.formatContext();
    const values = overrides.evaluate(context);
    overrides.countOwn(context, values, this.#series);
    return this.#find(exchange, this.#sidesOf(exchange), values);
  }

  #find(exchange: Exchange, sides: CallSides, values: readonly string[]): CallMetrics {
    const { cluster } = exchange;
    const { peer, isGrpc: isGrpcCall, principals } = sides;
    const isKnown = cluster !== undefined && !cluster.isOriginalDestination;
    const host = isKnown ? '' : this.#hostOf(exchange);
    const grpcStatus = isGrpcCall ? grpcStatusLabel(exchange.grpcStatus) : '';
    const who = peer === undefined ? '' : peerKey(peer);
    const names = `${principals.source} ${principals.destination} ${principals.isMutual}`;
    const key = `${exchange.responseCode} ${exchange.flags} ${cluster?.name ?? ''} ${host} ${isGrpcCall} ${grpcStatus} ${names} ${who}`;
    const whole = values.length === 0 ? key : `${key}\n${values.join('\n')}`;
    const found = this.#calls.get(whole);
    if (found !== undefined) return found;
    const labels = {
      ...meshLabels(this.#callFacts(exchange, sides)),
      response_code: String(exchange.responseCode),
      ...(isGrpcCall && { grpc_response_status: grpcStatus }),
    };
    const made = this.#make(new MetricSource(this.#series, this.#overrides, labels, values));
    if (this.#calls.size < maxCalls) this.#calls.set(whole, made);
    return made;
  }

  #messageCounters(exchange: Exchange): MessageCounters {
    const sides = this.#sidesOf(exchange);
    const { peer, principals } = sides;
    const values = this.#overrides?.evaluate(exchange.formatContext()) ?? noValues;
    const who = peer === undefined ? '' : peerKey(peer);
    const { source, destination } = principals;
    const key = [
      exchange.cluster?.name,
      this.#hostOf(exchange),
      source,
      destination,
      who,
      ...values,
    ];
    const text = key.join('\n');
    const found = this.#messages.get(text);
    if (found !== undefined) return found;
    const labels = messageLabels(meshLabels(this.#callFacts(exchange, sides)));
    const metrics = new MetricSource(this.#series, this.#overrides, labels, values);
    const made = {
      request: metrics.counter('request_messages_total'),
      response: metrics.counter('response_messages_total'),
    };
    if (this.#messages.size < maxCalls) this.#messages.set(text, made);
    return made;
  }

  #principalsOf({ connection, endpoint }: Exchange): Principals {
    if (this.#isInbound) return principalsOf(inboundTls(connection), true);
    return principalsOf(endpoint && upstreamTlsOf(endpoint), false);
  }

  /** By header; outbound else by what the control plane says of the endpoint. */
  #peerOf({ peer, endpoint }: Exchange): PeerFacts | undefined {
    if (peer !== undefined || this.#isInbound || endpoint === undefined) return peer;
    return factsOfEndpoint(endpoint.entry);
  }

  /** What the client called the service, where that may be asked. */
  #hostOf(exchange: Exchange): string {
    if (!this.#settings.namesUnknownByHost) return '';
    return exchange.authority.slice(0, maxHostCharacters);
  }

  #make(source: MetricSource): CallMetrics {
    return {
      requests: source.counter('requests_total'),
      durationMs: source.histogram('request_duration_milliseconds'),
      requestBytes: source.histogram('request_bytes'),
      responseBytes: source.histogram('response_bytes'),
    };
  }

  #callFacts(exchange: Exchange, { peer, isGrpc: isGrpcCall, principals }: CallSides): CallFacts {
    const own = this.#identity.facts;
    const other = peer ?? unknownPeer;
    const isInbound = this.#isInbound;
    const { source, destination, isMutual } = principals;
    return {
      reporter: reporterOf(this.#settings, isInbound),
      source: isInbound ? other : own,
      destination: isInbound ? own : other,
      service: serviceOf(exchange.cluster, this.#hostOf(exchange)),
      sourcePrincipal: source,
      destinationPrincipal: destination,
      security: securityOf(isInbound, isMutual),
      protocol: isGrpcCall ? 'grpc' : 'http',
      flags: exchange.flags,
    };
  }
}
