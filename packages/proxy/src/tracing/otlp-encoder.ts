import type { FixedTags, SpanEncoder, SpanHead } from './span-encoder.ts';
import {
  byteText,
  isBeyondAscii,
  maxValueCharacters,
  type TagName,
  unicodeText,
} from './span-tag.ts';

/** First size of a batch; it doubles as needed. */
const firstBytes = 16_384;
/** A batch buffer that grew beyond this is not kept for the next. */
const maxKeptBytes = 262_144;
/** Bytes that a span has besides its name and tags: ids, times, kind, status. */
const plainBytes = 128;

/** Field numbers with wire types, of `opentelemetry.proto.trace.v1.Span` unless it says otherwise. */
const field = {
  traceId: 0x0a,
  spanId: 0x12,
  parentSpanId: 0x22,
  name: 0x2a,
  kind: 0x30,
  startTime: 0x39,
  endTime: 0x41,
  attributes: 0x4a,
  events: 0x5a,
  status: 0x7a,
  /** `flags` (16), fixed32: two bytes of tag. */
  flags: [0x85, 0x01],
  /** `ScopeSpans.spans`. */
  spans: 0x12,
  /** `AnyValue.string_value`. */
  stringValue: 0x0a,
} as const;

/** `Status { code: STATUS_CODE_ERROR }`. */
const statusError = [field.status, 2, 0x18, 2] as const;
/** `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`, and the sampled flag of W3C. */
const hasIsRemote = 0x100;
const isRemote = 0x200;
const isSampled = 1;

const varint = (value: number): readonly number[] => {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  bytes.push(left);
  return bytes;
};

const message = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...varint(body.length)]), body]);
};

const text = (tag: number, value: string): Buffer => message(tag, Buffer.from(value));

/** `KeyValue` with a text. */
const attribute = (tag: number, name: string, value: string): Buffer =>
  message(tag, text(0x0a, name), message(0x12, text(field.stringValue, value)));

/** Who the spans are of: `Resource.attributes` and `InstrumentationScope`. */
export interface OtlpResource {
  readonly attributes: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
}

/** Encodes `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`. */
export class OtlpEncoder implements SpanEncoder {
  /** `ResourceSpans.resource`. */
  readonly #resource: Buffer;
  /** `ScopeSpans.scope`. */
  readonly #scope: Buffer;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #start = 0;
  items = 0;

  constructor({ attributes, scope }: OtlpResource) {
    const pairs = Object.entries(attributes).map(([key, value]) => attribute(0x0a, key, value));
    this.#resource = message(0x0a, ...pairs);
    this.#scope = message(0x0a, text(0x0a, scope.name), text(0x12, scope.version));
  }

  get bytes(): number {
    return this.#at;
  }

  fixedTags(tags: readonly (readonly [TagName, string])[]): FixedTags {
    const parts = tags.map(([{ name }, value]) => {
      const bytes = Buffer.from(value, 'latin1');
      return attribute(field.attributes, name, bytes.toString('utf8').slice(0, maxValueCharacters));
    });
    return { bytes: Buffer.concat(parts), text: '' };
  }

  begin(span: SpanHead): void {
    this.#reserve(plainBytes + span.name.length * 3);
    const buffer = this.#buffer;
    buffer[this.#at] = field.spans;
    // Two bytes for the length; what is shorter or longer is moved at the end.
    this.#start = this.#at + 3;
    this.#at = this.#start;
    this.#id(field.traceId, span.traceId, 32);
    this.#id(field.spanId, span.spanId, 16);
    if (span.parentId !== '') this.#id(field.parentSpanId, span.parentId, 16);
    this.#text(field.name, span.name);
    buffer[this.#at++] = field.kind;
    buffer[this.#at++] = span.kind;
    this.#time(field.startTime, span.startMs);
    this.#time(field.endTime, span.endMs);
    const remote = span.parentId === '' ? 0 : hasIsRemote | isRemote;
    buffer[this.#at++] = field.flags[0];
    buffer[this.#at++] = field.flags[1];
    this.#at = buffer.writeUInt32LE(isSampled | remote, this.#at);
  }

  fixed({ bytes }: FixedTags): void {
    this.#reserve(bytes.length);
    this.#at += bytes.copy(this.#buffer, this.#at);
  }

  tag({ otlp }: TagName, value: string): void {
    let bytes = value.length > maxValueCharacters ? value.slice(0, maxValueCharacters) : value;
    if (isBeyondAscii(bytes)) bytes = byteText(unicodeText(bytes));
    const { length } = bytes;
    this.#reserve(otlp.length + length + 12);
    const valueLength = length + (length < 128 ? 2 : 3);
    const anyLength = valueLength + (valueLength < 128 ? 1 : 2);
    const buffer = this.#buffer;
    buffer[this.#at++] = field.attributes;
    this.#length(otlp.length + anyLength);
    this.#at += otlp.copy(buffer, this.#at);
    this.#length(valueLength);
    buffer[this.#at++] = field.stringValue;
    this.#length(length);
    this.#at += buffer.write(bytes, this.#at, 'latin1');
  }

  event(name: string, atMs: number): void {
    this.#reserve(name.length + 16);
    this.#buffer[this.#at++] = field.events;
    this.#length(9 + 2 + name.length);
    this.#time(0x09, atMs);
    this.#text(0x12, name);
  }

  end(isError: boolean): void {
    this.#reserve(8);
    const buffer = this.#buffer;
    if (isError) for (const byte of statusError) buffer[this.#at++] = byte;
    const length = this.#at - this.#start;
    const head = this.#start - 2;
    const wanted = length < 128 ? 1 : length < 16_384 ? 2 : 3;
    if (wanted !== 2) {
      buffer.copyWithin(head + wanted, this.#start, this.#at);
      this.#at += wanted - 2;
    }
    const end = this.#at;
    this.#at = head;
    this.#length(length);
    this.#at = end;
    this.items++;
  }

  take(): Buffer {
    const spans = this.#buffer.subarray(0, this.#at);
    const scope = Buffer.from([0x12, ...varint(this.#scope.length + spans.length)]);
    const inner = this.#resource.length + scope.length + this.#scope.length + spans.length;
    const head = Buffer.from([0x0a, ...varint(inner)]);
    const body = Buffer.concat([head, this.#resource, scope, this.#scope, spans]);
    if (this.#buffer.length > maxKeptBytes) this.#buffer = Buffer.alloc(0);
    this.#at = 0;
    this.items = 0;
    return body;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(firstBytes, needed * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }

  /** A varint below 2^21: no length here is more. */
  #length(value: number): void {
    const buffer = this.#buffer;
    if (value > 127) {
      buffer[this.#at++] = (value & 127) | 128;
      if (value > 16_383) {
        buffer[this.#at++] = ((value >> 7) & 127) | 128;
        buffer[this.#at++] = value >> 14;
      } else buffer[this.#at++] = value >> 7;
    } else buffer[this.#at++] = value;
  }

  /** Short ids (64-bit B3 traces) have zeros in front. */
  #id(tag: number, id: string, digits: number): void {
    const buffer = this.#buffer;
    const bytes = digits / 2;
    buffer[this.#at++] = tag;
    buffer[this.#at++] = bytes;
    const full = id.length === digits ? id : id.padStart(digits, '0');
    this.#at += buffer.write(full, this.#at, bytes, 'hex');
  }

  #text(tag: number, value: string): void {
    const bytes = isBeyondAscii(value) ? byteText(unicodeText(value)) : value;
    this.#buffer[this.#at++] = tag;
    this.#length(bytes.length);
    this.#at += this.#buffer.write(bytes, this.#at, 'latin1');
  }

  /** `fixed64` nanoseconds, exact to the microsecond: more than a float holds, so in two halves. */
  #time(tag: number, ms: number): void {
    const micros = Math.round(ms * 1000);
    const low = (micros % 0x1_0000_0000) * 1000;
    const high = Math.floor(micros / 0x1_0000_0000) * 1000 + Math.floor(low / 0x1_0000_0000);
    this.#buffer[this.#at] = tag;
    this.#buffer.writeUInt32LE(low % 0x1_0000_0000, this.#at + 1);
    this.#at = this.#buffer.writeUInt32LE(high, this.#at + 5);
  }
}
