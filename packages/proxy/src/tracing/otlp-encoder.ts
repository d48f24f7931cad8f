import type { SpanEncoder, SpanHead } from './span-encoder.ts';
import {
  byteText,
  flatText,
  isBeyondAscii,
  maxValueCharacters,
  type TagName,
  unicodeText,
} from './span-tag.ts';

/** First size of a batch; it doubles as needed. */
const firstBytes = 16_384;
/** A batch buffer that grew beyond this is not kept for the next. */
const maxKeptBytes = 262_144;
/** Bytes of a span besides its text, at most: length, ids, kind, times, flags. */
const plainBytes = 96;

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
  /** `flags` (16), fixed32: two bytes of tag. */
  flags: [0x85, 0x01],
  /** `ScopeSpans.spans`. */
  spans: 0x12,
  /** `AnyValue.string_value`. */
  stringValue: 0x0a,
} as const;

/** `status { code: STATUS_CODE_ERROR }`. */
const statusError = '\x7a\x02\x18\x02';
const nameTag = String.fromCharCode(field.name);
const attributeTag = String.fromCharCode(field.attributes);
const valueTag = String.fromCharCode(field.stringValue);
/** An event's `time_unix_nano`, and its `name`. */
const eventTag = String.fromCharCode(field.events);
const eventNameTag = '\x12';

/** W3C's flag, and OTLP's for a parent elsewhere (`SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK` and `..IS_REMOTE_MASK`). */
const isSampled = 1;
const isRemote = 0x300;

const oneByte: readonly string[] = Array.from({ length: 128 }, (_, code) =>
  String.fromCharCode(code),
);

/** A varint below 2^21, one character a byte: no length here is more. */
const varintText = (value: number): string => {
  if (value < 128) return oneByte[value] as string;
  if (value < 16_384) return String.fromCharCode((value & 127) | 128, value >> 7);
  return String.fromCharCode((value & 127) | 128, ((value >> 7) & 127) | 128, value >> 14);
};

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

/** One of `attributes`: a `KeyValue` with a text. */
const tagText = (key: string, value: string): string => {
  const { length } = value;
  const inner = length + (length < 128 ? 2 : 3);
  const whole = key.length + inner + (inner < 128 ? 1 : 2);
  const head = attributeTag + varintText(whole) + key + varintText(inner);
  return head + valueTag + varintText(length) + value;
};

/** Values of hex digits by character. */
const digits: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0 : value;
});

/** `fixed64` nanoseconds, exact to the microsecond: more than a float holds, so in two halves. */
const nanoseconds = (ms: number): readonly [low: number, high: number] => {
  const micros = Math.round(ms * 1000);
  const low = (micros % 0x1_0000_0000) * 1000;
  const high = Math.floor(micros / 0x1_0000_0000) * 1000 + Math.floor(low / 0x1_0000_0000);
  return [low % 0x1_0000_0000, high];
};

/** Who the spans are of: `Resource.attributes` and `InstrumentationScope`. */
export interface OtlpResource {
  readonly attributes: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
}

/**
 * Encodes `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`. The text of a span is put
 * together as text and becomes bytes in one piece: a call into the buffer for each tag takes longer.
 */
export class OtlpEncoder implements SpanEncoder {
  /** `ResourceSpans.resource`. */
  readonly #resource: Buffer;
  /** `ScopeSpans.scope`. */
  readonly #scope: Buffer;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #span: SpanHead | undefined = undefined;
  #text = '';
  items = 0;

  constructor({ attributes, scope }: OtlpResource) {
    const pairs = Object.entries(attributes).map(([key, value]) => attribute(0x0a, key, value));
    this.#resource = message(0x0a, ...pairs);
    this.#scope = message(0x0a, text(0x0a, scope.name), text(0x12, scope.version));
  }

  get bytes(): number {
    return this.#at;
  }

  fixedTags(tags: readonly (readonly [TagName, string])[]): string {
    this.#text = '';
    for (const [name, value] of tags) this.tag(name, value);
    return flatText(this.#text);
  }

  begin(span: SpanHead): void {
    const name = this.#clean(span.name);
    this.#span = span;
    this.#text = nameTag + varintText(name.length) + name;
  }

  fixed(tags: string): void {
    this.#text += tags;
  }

  tag(name: TagName, value: string): void {
    const { lastOtlp: last } = name;
    this.#text += last.find(value) ?? last.keep(value, tagText(name.otlp, this.#clean(value)));
  }

  event(name: string, atMs: number): void {
    const time = Buffer.alloc(9, 0x09);
    const [low, high] = nanoseconds(atMs);
    time.writeUInt32LE(low, 1);
    time.writeUInt32LE(high, 5);
    const body = `${time.toString('latin1')}${eventNameTag}${varintText(name.length)}${name}`;
    this.#text += eventTag + varintText(body.length) + body;
  }

  end(isError: boolean): void {
    const span = this.#span;
    if (span === undefined) return;
    if (isError) this.#text += statusError;
    const written = this.#text;
    // Ids 18 + 10 (+ 10), kind 2, times 9 each, flags 6.
    const length = written.length + (span.parentId === '' ? 54 : 64);
    this.#reserve(length + plainBytes);
    const buffer = this.#buffer;
    buffer[this.#at++] = field.spans;
    this.#varint(length);
    this.#id(field.traceId, span.traceId, 16);
    this.#id(field.spanId, span.spanId, 8);
    if (span.parentId !== '') this.#id(field.parentSpanId, span.parentId, 8);
    buffer[this.#at++] = field.kind;
    buffer[this.#at++] = span.kind;
    this.#time(field.startTime, span.startMs);
    this.#time(field.endTime, span.endMs);
    buffer[this.#at++] = field.flags[0];
    buffer[this.#at++] = field.flags[1];
    this.#at = buffer.writeUInt32LE(
      span.parentId === '' ? isSampled : isSampled | isRemote,
      this.#at,
    );
    this.#at += buffer.write(written, this.#at, 'latin1');
    this.#text = '';
    this.#span = undefined;
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

  /** Cut, and with nothing that is no UTF-8. */
  #clean(value: string): string {
    const cut = value.length > maxValueCharacters ? value.slice(0, maxValueCharacters) : value;
    return isBeyondAscii(cut) ? byteText(unicodeText(cut)) : cut;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(firstBytes, needed * 2));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }

  #varint(value: number): void {
    const buffer = this.#buffer;
    let left = value;
    for (; left > 127; left >>>= 7) buffer[this.#at++] = (left & 127) | 128;
    buffer[this.#at++] = left;
  }

  /** Short ids (64-bit B3 traces) have zeros in front. */
  #id(tag: number, id: string, bytes: number): void {
    const buffer = this.#buffer;
    buffer[this.#at++] = tag;
    buffer[this.#at++] = bytes;
    const end = this.#at + bytes;
    for (let left = bytes * 2 - id.length; left > 0; left -= 2) buffer[this.#at++] = 0;
    for (let from = 0; this.#at < end; from += 2) {
      const high = digits[id.charCodeAt(from)] as number;
      buffer[this.#at++] = (high << 4) | (digits[id.charCodeAt(from + 1)] as number);
    }
  }

  #time(tag: number, ms: number): void {
    const [low, high] = nanoseconds(ms);
    this.#buffer[this.#at] = tag;
    this.#buffer.writeUInt32LE(low, this.#at + 1);
    this.#at = this.#buffer.writeUInt32LE(high, this.#at + 5);
  }
}
