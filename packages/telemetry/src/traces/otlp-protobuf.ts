import { fromOtlp, type OtlpSpan } from './otlp-span.ts';
import { type ReceivedSpan, spanBounds } from './received-span.ts';
import { WireCursor } from './wire-cursor.ts';

type Attribute = readonly [string, string];
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Values nested deeper than this are not looked into. */
const maxDepth = 16;

/** A field's number and wire type as they are written in front of it. */
const tag = (number: number, type: number): number => number * 8 + type;
const varint = 0;
const fixed64 = 1;
const bytes = 2;

const anyValue = {
  string: tag(1, bytes),
  bool: tag(2, varint),
  int: tag(3, varint),
  double: tag(4, fixed64),
  array: tag(5, bytes),
  map: tag(6, bytes),
  bytes: tag(7, bytes),
} as const;
const keyValue = { key: tag(1, bytes), value: tag(2, bytes) } as const;
const event = { time: tag(1, fixed64), name: tag(2, bytes), attributes: tag(3, bytes) } as const;
const status = { message: tag(2, bytes), code: tag(3, varint) } as const;
const span = {
  traceId: tag(1, bytes),
  spanId: tag(2, bytes),
  parentSpanId: tag(4, bytes),
  name: tag(5, bytes),
  kind: tag(6, varint),
  start: tag(7, fixed64),
  end: tag(8, fixed64),
  attributes: tag(9, bytes),
  events: tag(11, bytes),
  status: tag(15, bytes),
} as const;
/** `ExportTraceServiceRequest.resource_spans`, `ResourceSpans.resource`, `Resource.attributes`. */
const first = tag(1, bytes);
/** `ResourceSpans.scope_spans`, `ScopeSpans.spans`. */
const second = tag(2, bytes);

/** Beyond all places: texts that are not looked for. */
const noAttribute: number = spanBounds.maxAttributes;
const noPlace = 2 * noAttribute;

/**
 * Texts by the place of their attribute: spans of one sender say mostly the same in the same order, and a text that
 * was there is neither decoded nor kept again.
 */
class TextPlaces {
  readonly #cursor: WireCursor;
  readonly #starts = new Int32Array(2 * spanBounds.maxAttributes).fill(-1);
  readonly #texts: string[] = [];
  readonly #lengths = new Int32Array(2 * spanBounds.maxAttributes);

  constructor(cursor: WireCursor) {
    this.#cursor = cursor;
  }

  read(place: number, end: number): string {
    const cursor = this.#cursor;
    const start = cursor.at;
    if (place >= this.#starts.length) return cursor.text(end);
    const known = this.#starts[place] as number;
    const isSame = known >= 0 && this.#lengths[place] === end - start;
    if (isSame && cursor.equals(start, end, known)) {
      cursor.jump(end);
      return this.#texts[place] as string;
    }
    const text = cursor.text(end);
    this.#starts[place] = start;
    this.#lengths[place] = end - start;
    this.#texts[place] = text;
    return text;
  }
}

/** Reads one request. Its methods take the end of the message they are in. */
class RequestReader {
  readonly #cursor: WireCursor;
  readonly #places: TextPlaces;
  readonly spans: (ReceivedSpan | undefined)[] = [];

  constructor(message: Buffer) {
    this.#cursor = new WireCursor(message);
    this.#places = new TextPlaces(this.#cursor);
  }

  request(end: number): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === first) this.#resourceSpans(cursor.enter(end));
      else cursor.skip(field, end);
    }
    cursor.leave(end);
  }

  #resourceSpans(end: number): void {
    const cursor = this.#cursor;
    const resource: Attribute[] = [];
    const found: OtlpSpan[] = [];
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === first) this.#attributes(first, cursor.enter(end), resource);
      else if (field === second) this.#scopeSpans(cursor.enter(end), found);
      else cursor.skip(field, end);
    }
    cursor.leave(end);
    for (const one of found) this.spans.push(fromOtlp(one, resource));
  }

  #scopeSpans(end: number, found: OtlpSpan[]): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === second) found.push(this.#span(cursor.enter(end)));
      else cursor.skip(field, end);
    }
    cursor.leave(end);
  }

  #span(end: number): OtlpSpan {
    const cursor = this.#cursor;
    const attributes: Attribute[] = [];
    const events: OtlpSpan['events'][number][] = [];
    const read: Mutable<OtlpSpan> = {
      ...{ traceId: '', spanId: '', parentSpanId: '', name: '', kind: 0 },
      ...{ startNs: 0n, endNs: 0n, attributes, events, statusCode: 0, statusMessage: '' },
    };
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === span.attributes) {
        attributes.push(this.#attribute(cursor.enter(end), attributes.length));
      } else if (field === span.events) events.push(this.#event(cursor.enter(end)));
      else if (field === span.status) this.#status(cursor.enter(end), read);
      else this.#spanField(field, end, read);
    }
    cursor.leave(end);
    return read;
  }

  #spanField(field: number, end: number, read: Mutable<OtlpSpan>): void {
    const cursor = this.#cursor;
    switch (field) {
      case span.traceId:
        read.traceId = cursor.hex(cursor.enter(end));
        break;
      case span.spanId:
        read.spanId = cursor.hex(cursor.enter(end));
        break;
      case span.parentSpanId:
        read.parentSpanId = cursor.hex(cursor.enter(end));
        break;
      case span.name:
        read.name = cursor.text(cursor.enter(end));
        break;
      case span.kind:
        read.kind = cursor.varint();
        break;
      case span.start:
        read.startNs = cursor.fixed64();
        break;
      case span.end:
        read.endNs = cursor.fixed64();
        break;
      default:
        cursor.skip(field, end);
    }
  }

  #status(end: number, read: Mutable<OtlpSpan>): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === status.message) read.statusMessage = cursor.text(cursor.enter(end));
      else if (field === status.code) read.statusCode = cursor.varint();
      else cursor.skip(field, end);
    }
    cursor.leave(end);
  }

  #event(end: number): OtlpSpan['events'][number] {
    const cursor = this.#cursor;
    const attributes: Attribute[] = [];
    let timeNs = 0n;
    let name = '';
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === event.time) timeNs = cursor.fixed64();
      else if (field === event.name) name = cursor.text(cursor.enter(end));
      else if (field === event.attributes) attributes.push(this.#attribute(cursor.enter(end)));
      else cursor.skip(field, end);
    }
    cursor.leave(end);
    return { timeNs, name, attributes };
  }

  /** Every `KeyValue` in fields with this tag. */
  #attributes(wanted: number, end: number, into: Attribute[]): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === wanted) into.push(this.#attribute(cursor.enter(end)));
      else cursor.skip(field, end);
    }
    cursor.leave(end);
  }

  /** A `KeyValue`; `place`: among the attributes of its span. */
  #attribute(end: number, place: number = noAttribute, depth = 0): Attribute {
    const cursor = this.#cursor;
    let key = '';
    let value = '';
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === keyValue.key) key = this.#places.read(2 * place, cursor.enter(end));
      else if (field === keyValue.value) {
        value = this.#value(cursor.enter(end), depth, 2 * place + 1);
      } else cursor.skip(field, end);
    }
    cursor.leave(end);
    return [key, value];
  }

  /** An `AnyValue` as text; lists and maps as JSON. */
  #value(end: number, depth: number, place: number): string {
    const cursor = this.#cursor;
    let text = '';
    if (depth > maxDepth) cursor.jump(end);
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === anyValue.string) text = this.#places.read(place, cursor.enter(end));
      else text = this.#otherValue(field, end, depth) ?? text;
    }
    cursor.leave(end);
    return text;
  }

  #otherValue(field: number, end: number, depth: number): string | undefined {
    const cursor = this.#cursor;
    switch (field) {
      case anyValue.bool:
        return String(cursor.varint() !== 0);
      case anyValue.int:
        return String(cursor.int64());
      case anyValue.double:
        return String(cursor.double());
      case anyValue.bytes:
        return cursor.base64(cursor.enter(end));
      case anyValue.array:
        return JSON.stringify(this.#items(cursor.enter(end), depth + 1));
      case anyValue.map:
        return JSON.stringify(Object.fromEntries(this.#entries(cursor.enter(end), depth + 1)));
      default:
        cursor.skip(field, end);
        return undefined;
    }
  }

  #items(end: number, depth: number): readonly string[] {
    const cursor = this.#cursor;
    const items: string[] = [];
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === first) items.push(this.#value(cursor.enter(end), depth, noPlace));
      else cursor.skip(field, end);
    }
    cursor.leave(end);
    return items;
  }

  #entries(end: number, depth: number): readonly Attribute[] {
    const cursor = this.#cursor;
    const pairs: Attribute[] = [];
    while (cursor.at < end) {
      const field = cursor.varint();
      if (field === first) pairs.push(this.#attribute(cursor.enter(end), noAttribute, depth));
      else cursor.skip(field, end);
    }
    cursor.leave(end);
    return pairs;
  }
}

/**
 * Spans of an `ExportTraceServiceRequest` in protobuf, with how many could not be used. Undefined: the bytes
 * are no such message.
 */
export const parseOtlpProtobuf = (
  message: Uint8Array,
): { readonly spans: readonly ReceivedSpan[]; readonly rejected: number } | undefined => {
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const reader = new RequestReader(buffer);
  try {
    reader.request(buffer.length);
  } catch (error) {
    // Out of bounds, one way or another; anything else is our own mistake.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const spans = reader.spans.filter((one) => one !== undefined);
  return { spans, rejected: reader.spans.length - spans.length };
};
