import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import * as grpc from '@grpc/grpc-js';
import { eventually } from './running-proxy.ts';
import { bodyOf } from './upstream.ts';

/** A span as a collector reads it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  /** OTLP: 2 server, 3 client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly tags: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  readonly isError: boolean;
  readonly flags: number;
  readonly resource: Readonly<Record<string, string>>;
}

/** Reads the fields of a message; `read` gets number and reader and takes what it knows. */
const fields = (
  bytes: Uint8Array,
  known: Readonly<Record<number, (reader: BinaryReader) => void>>,
): void => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const read = known[number];
    if (read === undefined) reader.skip(wireType, number);
    else read(reader);
  }
};

const strict = new TextDecoder('utf-8', { fatal: true });
/** As receivers in Go: a value that is no UTF-8 spoils the message. */
const text = (reader: BinaryReader): string => strict.decode(reader.bytes());

const pair = (bytes: Uint8Array): readonly [string, string] => {
  let key = '';
  let value = '';
  fields(bytes, {
    1: (reader) => {
      key = text(reader);
    },
    2: (reader) =>
      fields(reader.bytes(), {
        1: (inner) => {
          value = text(inner);
        },
      }),
  });
  return [key, value];
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const spanOf = (bytes: Uint8Array): CollectedSpan => {
  const tags: Record<string, string> = {};
  const events: string[] = [];
  const span: Mutable<CollectedSpan> = {
    ...{ traceId: '', spanId: '', parentId: '', name: '', kind: 0, startNs: 0n, endNs: 0n },
    ...{ tags, events, isError: false, flags: 0, resource: {} },
  };
  const id = (reader: BinaryReader): string => Buffer.from(reader.bytes()).toString('hex');
  fields(bytes, {
    1: (reader) => {
      span.traceId = id(reader);
    },
    2: (reader) => {
      span.spanId = id(reader);
    },
    4: (reader) => {
      span.parentId = id(reader);
    },
    5: (reader) => {
      span.name = text(reader);
    },
    6: (reader) => {
      span.kind = reader.int32();
    },
    7: (reader) => {
      span.startNs = BigInt(reader.fixed64());
    },
    8: (reader) => {
      span.endNs = BigInt(reader.fixed64());
    },
    9: (reader) => {
      const [key, value] = pair(reader.bytes());
      tags[key] = value;
    },
    11: (reader) =>
      fields(reader.bytes(), {
        2: (inner) => {
          events.push(text(inner));
        },
      }),
    15: (reader) =>
      fields(reader.bytes(), {
        3: (inner) => {
          span.isError = inner.int32() === 2;
        },
      }),
    16: (reader) => {
      span.flags = reader.fixed32();
    },
  });
  return span;
};

/** Spans of an `ExportTraceServiceRequest`. */
export const readOtlp = (bytes: Uint8Array): readonly CollectedSpan[] => {
  const spans: CollectedSpan[] = [];
  const resourceSpans = (message: Uint8Array): void => {
    const resource: Record<string, string> = {};
    fields(message, {
      1: (reader) =>
        fields(reader.bytes(), {
          1: (inner) => {
            const [key, value] = pair(inner.bytes());
            resource[key] = value;
          },
        }),
      2: (reader) =>
        fields(reader.bytes(), {
          2: (inner) => spans.push({ ...spanOf(inner.bytes()), resource }),
        }),
    });
  };
  fields(bytes, { 1: (reader) => resourceSpans(reader.bytes()) });
  return spans;
};

/** A collector that keeps what it gets. */
export interface SpanCollector extends AsyncDisposable {
  readonly port: number;
  readonly spans: readonly CollectedSpan[];
  /** Bodies as they came: for other formats. */
  readonly bodies: readonly Buffer[];
  /** Headers of reports. */
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  /** So many spans, as soon as they are there. */
  take(count: number): Promise<readonly CollectedSpan[]>;
}

const same = (bytes: Buffer): Buffer => bytes;

const exportMethod = {
  export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

class Kept {
  readonly spans: CollectedSpan[] = [];
  readonly bodies: Buffer[] = [];
  readonly headers: Record<string, unknown>[] = [];

  async take(count: number): Promise<readonly CollectedSpan[]> {
    await eventually(() => this.spans.length >= count);
    return this.spans;
  }
}

/** A stock gRPC server of OTLP. `answer` decides about each call; default: all is taken. */
export const grpcCollector = async (
  answer: (call: number) => Promise<boolean> = () => Promise.resolve(true),
): Promise<SpanCollector> => {
  const kept = new Kept();
  const server = new grpc.Server();
  server.addService(exportMethod, {
    export: (
      call: grpc.ServerUnaryCall<Buffer, Buffer>,
      done: grpc.sendUnaryData<Buffer>,
    ): void => {
      kept.bodies.push(call.request);
      kept.headers.push(call.metadata.getMap());
      kept.spans.push(...readOtlp(call.request));
      void answer(kept.bodies.length).then((taken) =>
        taken ? done(null, Buffer.alloc(0)) : done({ code: grpc.status.UNAVAILABLE }),
      );
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return Object.assign(kept, {
    port,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  });
};

/** An HTTP server that takes OTLP at `/v1/traces` and keeps bodies of whatever else. */
export const httpCollector = async (status = 202): Promise<SpanCollector> => {
  const kept = new Kept();
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      kept.bodies.push(body);
      kept.headers.push({ ...request.headers, ':path': request.url });
      if (request.url === '/v1/traces') kept.spans.push(...readOtlp(body));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(kept, {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
};
