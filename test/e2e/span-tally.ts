/** A receiver of OTLP over HTTP that keeps spans, every one. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { ExportTraceServiceRequestSchema } from '@lateen/xds/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js';
import { type Span, Span_SpanKind } from '@lateen/xds/gen/opentelemetry/proto/trace/v1/trace_pb.js';

/** What is counted of a span. */
interface KeptSpan {
  readonly spanId: string;
  readonly parentId: string;
  /** User agent; undefined: the span does not say, as those of tries. */
  readonly visitor: string | undefined;
  /** `APP KIND STATUS FLAGS`. */
  readonly said: string;
}

export interface SpanTally {
  readonly port: number;
  /** Spans so far. */
  count(): number;
  /** Traces by their shape, `VISITOR: SPAN(SPAN, SPAN(SPAN))` with spans as `APP KIND STATUS FLAGS`: how many have it. */
  shapes(): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const keep = (span: Span, service: string): KeptSpan => {
  const text = (key: string): string | undefined => {
    const value = span.attributes.find((attribute) => attribute.key === key)?.value?.value;
    return value?.case === 'stringValue' ? value.value : undefined;
  };
  const kind = span.kind === Span_SpanKind.SERVER ? 'server' : 'client';
  const outcome = `${text('http.status_code')} ${text('response_flags')}`;
  return {
    spanId: hex(span.spanId),
    parentId: hex(span.parentSpanId),
    visitor: text('user_agent'),
    said: `${service.split('.', 1)[0]} ${kind} ${outcome}`,
  };
};

/** A span with all below it. */
const shapeOf = (span: KeptSpan, trace: readonly KeptSpan[]): string => {
  const below = trace
    .filter(({ parentId }) => parentId === span.spanId)
    .map((child) => shapeOf(child, trace))
    .sort();
  return below.length === 0 ? span.said : `${span.said}(${below.join(', ')})`;
};

const shapeOfTrace = (trace: readonly KeptSpan[]): string => {
  const ids = new Set(trace.map(({ spanId }) => spanId));
  const roots = trace.filter(({ parentId }) => !ids.has(parentId));
  const [root] = roots;
  return `${root?.visitor}: ${roots.map((one) => shapeOf(one, trace)).join(' and ')}`;
};

const spansOf = (body: Buffer): readonly (readonly [string, KeptSpan])[] =>
  fromBinary(ExportTraceServiceRequestSchema, body).resourceSpans.flatMap(
    ({ resource, scopeSpans }) => {
      const name = resource?.attributes.find(({ key }) => key === 'service.name')?.value?.value;
      const service = name?.case === 'stringValue' ? name.value : '?';
      return scopeSpans
        .flatMap(({ spans }) => spans)
        .map((span) => [hex(span.traceId), keep(span, service)] as const);
    },
  );

/** Starts one on a free port of loopback. */
export const startSpanTally = async (): Promise<SpanTally> => {
  const traces = new Map<string, KeptSpan[]>();
  // Read later: who sends must not wait for what reading takes.
  let unread: Buffer[] = [];
  let count = 0;
  const read = (): void => {
    for (const [traceId, span] of unread.flatMap(spansOf)) {
      const trace = traces.get(traceId) ?? [];
      trace.push(span);
      traces.set(traceId, trace);
      count += 1;
    }
    unread = [];
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      unread.push(Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    count: () => {
      read();
      return count;
    },
    shapes: () => {
      read();
      const shapes = new Map<string, number>();
      for (const trace of traces.values()) {
        const shape = shapeOfTrace(trace);
        shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
      }
      return shapes;
    },
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
};
