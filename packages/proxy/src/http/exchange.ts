import type {
  Destination,
  FormatContext,
  RequestHead,
  RouteEntry,
  VirtualHostTable,
} from '@lateen/routing';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { MessageHead } from '../http1/head-parser.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import type { Downstream } from './downstream.ts';
import type { ResponseFlag } from './response-flag.ts';

/** An answer the proxy gives itself. */
export interface LocalReply {
  readonly status: number;
  /** Text of the body; empty: none. */
  readonly body: string;
  /** `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
  readonly flag?: ResponseFlag;
  readonly headers?: readonly (readonly [string, string])[];
  /** Overrides the gRPC status derived from the HTTP status. */
  readonly grpcStatus?: number;
}

/** Where the peer's labels are kept: whatever a filter finds out about the other side. */
export type PeerFacts = Readonly<Record<string, string>>;

/** Reads bytes of bodies as they pass. */
export interface BodyReader {
  read(bytes: Buffer, start: number, end: number): void;
  /** Messages of gRPC so far. */
  readonly count: number;
}

/** Counts messages of gRPC, both ways. */
export interface MessageCounts {
  readonly request: BodyReader;
  readonly response: BodyReader;
}

/** One request and its response: what filters, the router, logs and statistics see. */
export interface Exchange extends RequestHead {
  readonly connection: Downstream;
  /** With query; filters may change it before the request goes on. */
  path: string;
  /** The request's head; edits go upstream. */
  readonly request: MessageHead;
  /** The response's head as it came from upstream; undefined for local replies. */
  readonly response: MessageHead | undefined;
  readonly virtualHost: VirtualHostTable | undefined;
  readonly route: RouteEntry | undefined;
  readonly destination: Destination | undefined;
  cluster: Cluster | undefined;
  /** The endpoint of the last try. */
  endpoint: Endpoint | undefined;
  /** `ip:port` of our side of the upstream connection. */
  upstreamLocalLabel: string | undefined;
  /** Monotonic milliseconds. */
  readonly startMs: number;
  /** When the request was complete; 0: not yet. */
  readonly requestDoneMs: number;
  /** When the response's head came from upstream; 0: never. */
  responseStartMs: number;
  /** 0 when nothing was sent. */
  readonly responseCode: number;
  /** Comma-separated. */
  readonly flags: string;
  details: string;
  transportFailure: string | undefined;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Sizes of the heads, for histograms of whole messages. */
  readonly requestHeadBytes: number;
  readonly responseHeadBytes: number;
  readonly durationMs: number;
  tries: number;
  /** What the peer said about itself: by request header inbound, by response header outbound. */
  peer: PeerFacts | undefined;
  readonly isDone: boolean;
  /** Set by a filter that wants the messages of a call counted. */
  messages: MessageCounts | undefined;
  /** Trailers of the response, as far as the proxy has seen them. */
  readonly responseTrailers: HeaderBlock | undefined;
  /** `grpc-status` of the response, from its head, its trailers or our own answer. */
  readonly grpcStatus: string | undefined;
  /** What formats and expressions may ask. */
  formatContext(): FormatContext;
  addFlag(flag: ResponseFlag): void;
  /** Answers without an upstream. Nothing must have been sent before. */
  localReply(reply: LocalReply): void;
  /** Address of the client as trusted proxies report it. */
  readonly clientAddress: string;
  readonly hasBody: boolean;
  /** ALPN to offer upstream instead of the cluster's; empty: the cluster's. */
  upstreamAlpn: readonly string[];
  /** What filters found out: later filters, routes and logs read it. */
  dynamicMetadata(namespace: string, path: readonly string[]): unknown;
  /** Joins values to those of a namespace. */
  writeMetadata(namespace: string, values: Readonly<Record<string, unknown>>): void;
  /** The head or metadata changed: the route is selected again; filters that ran do not run again. */
  clearRoute(): void;
  /** Calls `ready` with the whole body, or with its first `maxBytes`. Only between `stop` and `resumeFilters`. */
  bufferBody(maxBytes: number, ready: (body: Buffer, whole: boolean) => void): void;
  /** One more line for the response, whatever it will be. */
  addResponseHeader(name: string, value: string): void;
  /** Forgets what was scheduled. */
  unschedule(): void;
  /** Goes on after a filter's `stop`. */
  resumeFilters(): void;
  /** Runs later; `cancelled` instead when the exchange is over before. */
  schedule(delayMs: number, run: () => void, cancelled: () => void): void;
}
