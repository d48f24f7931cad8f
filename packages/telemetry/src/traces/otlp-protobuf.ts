import { BinaryReader } from '@bufbuild/protobuf/wire';
import { fromOtlp, type OtlpSpan } from './otlp-span.ts';
import type { ReceivedSpan } from './received-span.ts';

type Attribute = readonly [string, string];

/** Values nested deeper than this are not looked into. */
const maxDepth = 16;

/** What to do with each field of a message; others are skipped. */
type FieldReaders = Readonly<Record<number, (reader: BinaryReader) => void>>;

/** Reads a message field by field. @throws RangeError and Error for bytes that are none. */
const readMessage = (bytes: Uint8Array, fields: FieldReaders): void => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const read = fields[number];
    if (read === undefined) reader.skip(wireType, number);
    else read(reader);
  }
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** AnyValue (common.proto): string 1, bool 2, int 3, double 4, array 5, kvlist 6, bytes 7. */
const valueText = (bytes: Uint8Array, depth = 0): string => {
  let text = '';
  if (depth > maxDepth) return text;
  readMessage(bytes, {
    1: (reader) => {
      text = reader.string();
    },
    2: (reader) => {
      text = String(reader.bool());
    },
    3: (reader) => {
      text = String(reader.int64());
    },
    4: (reader) => {
      text = String(reader.double());
    },
    5: (reader) => {
      const items: string[] = [];
      readMessage(reader.bytes(), {
        1: (inner) => items.push(valueText(inner.bytes(), depth + 1)),
      });
      text = JSON.stringify(items);
    },
    6: (reader) => {
      const pairs: Attribute[] = [];
      readMessage(reader.bytes(), {
        1: (inner) => pairs.push(attribute(inner.bytes(), depth + 1)),
      });
      text = JSON.stringify(Object.fromEntries(pairs));
    },
    7: (reader) => {
      text = Buffer.from(reader.bytes()).toString('base64');
    },
  });
  return text;
};

/** KeyValue: key 1, value 2. */
const attribute = (bytes: Uint8Array, depth = 0): Attribute => {
  let key = '';
  let value = '';
  readMessage(bytes, {
    1: (reader) => {
      key = reader.string();
    },
    2: (reader) => {
      value = valueText(reader.bytes(), depth);
    },
  });
  return [key, value];
};

/** Span.Event: time 1, name 2, attributes 3. */
const eventOf = (bytes: Uint8Array): OtlpSpan['events'][number] => {
  let timeNs = 0n;
  let name = '';
  const attributes: Attribute[] = [];
  readMessage(bytes, {
    1: (reader) => {
      timeNs = BigInt(reader.fixed64());
    },
    2: (reader) => {
      name = reader.string();
    },
    3: (reader) => attributes.push(attribute(reader.bytes())),
  });
  return { timeNs, name, attributes };
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Span (trace.proto): ids 1, 2, 4; name 5, kind 6, times 7, 8; attributes 9, events 11, status 15. */
const spanOf = (bytes: Uint8Array): OtlpSpan => {
  const attributes: Attribute[] = [];
  const events: OtlpSpan['events'][number][] = [];
  const span: Mutable<OtlpSpan> = {
    ...{ traceId: '', spanId: '', parentSpanId: '', name: '', kind: 0 },
    ...{ startNs: 0n, endNs: 0n, attributes, events, statusCode: 0, statusMessage: '' },
  };
  readMessage(bytes, {
    1: (reader) => {
      span.traceId = hex(reader.bytes());
    },
    2: (reader) => {
      span.spanId = hex(reader.bytes());
    },
    4: (reader) => {
      span.parentSpanId = hex(reader.bytes());
    },
    5: (reader) => {
      span.name = reader.string();
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
    9: (reader) => attributes.push(attribute(reader.bytes())),
    11: (reader) => events.push(eventOf(reader.bytes())),
    15: (reader) =>
      readMessage(reader.bytes(), {
        2: (inner) => {
          span.statusMessage = inner.string();
        },
        3: (inner) => {
          span.statusCode = inner.int32();
        },
      }),
  });
  return span;
};

/** ResourceSpans: resource 1 (attributes 1), scope_spans 2 (spans 2). */
const resourceSpans = (bytes: Uint8Array): readonly (ReceivedSpan | undefined)[] => {
  const resource: Attribute[] = [];
  const spans: OtlpSpan[] = [];
  readMessage(bytes, {
    1: (reader) =>
      readMessage(reader.bytes(), { 1: (inner) => resource.push(attribute(inner.bytes())) }),
    2: (reader) => readMessage(reader.bytes(), { 2: (inner) => spans.push(spanOf(inner.bytes())) }),
  });
  return spans.map((span) => fromOtlp(span, resource));
};

/**
 * Spans of an `ExportTraceServiceRequest` in protobuf, with how many could not be used. Undefined: the bytes
 * are no such message.
 */
export const parseOtlpProtobuf = (
  bytes: Uint8Array,
): { readonly spans: readonly ReceivedSpan[]; readonly rejected: number } | undefined => {
  const read: (ReceivedSpan | undefined)[] = [];
  try {
    readMessage(bytes, { 1: (reader) => read.push(...resourceSpans(reader.bytes())) });
  } catch {
    return undefined;
  }
  const spans = read.filter((span) => span !== undefined);
  return { spans, rejected: read.length - spans.length };
};
