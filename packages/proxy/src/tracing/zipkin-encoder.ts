import { isIPv4 } from 'node:net';
import { type SpanEncoder, type SpanHead, spanKind } from './span-encoder.ts';
import { maxValueCharacters, type TagName, unicodeText } from './span-tag.ts';

const endpointOf = (serviceName: string, label: string): string => {
  const colon = label.lastIndexOf(':');
  const address = label.slice(0, colon).replace(/^::ffff:/, '');
  const port = Number(label.slice(colon + 1)) || undefined;
  const ip = isIPv4(address) ? { ipv4: address } : address === '' ? {} : { ipv6: address };
  return JSON.stringify({ serviceName, ...ip, port });
};

/** Printable ASCII that JSON writes as it is. */
const plain = /^[ !#-[\]-~]*$/;

const valueText = (value: string): string => {
  if (value.length <= maxValueCharacters && plain.test(value)) return `"${value}"`;
  const cut = value.length > maxValueCharacters ? value.slice(0, maxValueCharacters) : value;
  return JSON.stringify(unicodeText(cut));
};

const microseconds = (ms: number): number => Math.round(ms * 1000);

/** Encodes a list of Zipkin's spans (`POST /api/v2/spans`, JSON). */
export class ZipkinEncoder implements SpanEncoder {
  readonly #service: string;
  #text = '';
  #events = '';
  #comma = '';
  /** The endpoint of the last span: listeners have one address. */
  #label = '';
  #endpoint = '';
  items = 0;

  constructor(service: string) {
    this.#service = service;
  }

  get bytes(): number {
    return this.#text.length;
  }

  fixedTags(tags: readonly (readonly [TagName, string])[]): string {
    return tags.map(([{ json }, value]) => `${json}${valueText(value)}`).join(',');
  }

  begin(span: SpanHead): void {
    if (span.localLabel !== this.#label || this.#endpoint === '') {
      this.#label = span.localLabel;
      this.#endpoint = endpointOf(this.#service, span.localLabel);
    }
    const { traceId, spanId, parentId, startMs, endMs } = span;
    const parent = parentId === '' ? '' : `,"parentId":"${parentId}"`;
    const kind = span.kind === spanKind.client ? 'CLIENT' : 'SERVER';
    const shared = span.isShared ? ',"shared":true' : '';
    const start = microseconds(startMs);
    // Zipkin takes 0 for "not known".
    const duration = Math.max(1, microseconds(endMs) - start);
    this.#text += `${this.items === 0 ? '' : ','}{"id":"${spanId}","traceId":"${traceId}"${parent},"name":${valueText(span.name)},"kind":"${kind}","timestamp":${start},"duration":${duration},"localEndpoint":${this.#endpoint}${shared},"tags":{`;
    this.#comma = '';
    this.#events = '';
  }

  fixed(tags: string): void {
    if (tags === '') return;
    this.#text += this.#comma + tags;
    this.#comma = ',';
  }

  tag({ json, lastJson: last }: TagName, value: string): void {
    this.#text += this.#comma + (last.find(value) ?? last.keep(value, json + valueText(value)));
    this.#comma = ',';
  }

  event(name: string, atMs: number): void {
    const comma = this.#events === '' ? '' : ',';
    this.#events += `${comma}{"timestamp":${microseconds(atMs)},"value":"${name}"}`;
  }

  end(): void {
    this.#text += this.#events === '' ? '}}' : `},"annotations":[${this.#events}]}`;
    this.items++;
  }

  take(): Buffer {
    const body = Buffer.from(`[${this.#text}]`);
    this.#text = '';
    this.items = 0;
    return body;
  }
}
