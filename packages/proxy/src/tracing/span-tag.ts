/** The same text in one piece: sums of pieces are put together anew wherever they are written. */
export const flatText = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** A tag in one format, as it was written last: most values come again. */
export class LastTag {
  #value: string | undefined = undefined;
  #text = '';
  #isFlat = false;

  /** The text for a value; undefined: another was written last. */
  find(value: string): string | undefined {
    if (this.#value !== value) return undefined;
    if (!this.#isFlat) {
      this.#isFlat = true;
      this.#text = flatText(this.#text);
    }
    return this.#text;
  }

  keep(value: string, text: string): string {
    this.#value = value;
    this.#text = text;
    this.#isFlat = false;
    return text;
  }
}

/** A tag's name in the forms that encoders write it in: made once. */
export interface TagName {
  readonly name: string;
  /** OTLP: field `key` of `KeyValue` with the tag of its `value` behind it; one character a byte. */
  readonly otlp: string;
  /** Zipkin: `"name":`. */
  readonly json: string;
  readonly lastOtlp: LastTag;
  readonly lastJson: LastTag;
}

/** Longest value of a tag, or name of a span; more is cut. */
export const maxValueCharacters = 4_096;

/** Names longer than this are cut: their length takes one byte in OTLP. */
const maxNameBytes = 100;

const cut = (bytes: Buffer): Buffer =>
  bytes.length <= maxNameBytes
    ? bytes
    : // Never through the middle of a character.
      Buffer.from(bytes.toString('utf8', 0, maxNameBytes).replace(/\ufffd+$/, ''));

/** The forms of a name. */
export const tagName = (name: string): TagName => {
  const bytes = cut(Buffer.from(name));
  return {
    name,
    otlp: Buffer.from([0x0a, bytes.length, ...bytes, 0x12]).toString('latin1'),
    json: `${JSON.stringify(name)}:`,
    lastOtlp: new LastTag(),
    lastJson: new LastTag(),
  };
};

/** Envoy's names of tags (`source/common/tracing/common_values.h`). */
const texts = {
  canceled: 'canceled',
  component: 'component',
  downstreamCluster: 'downstream_cluster',
  error: 'error',
  errorReason: 'error.reason',
  grpcAuthority: 'grpc.authority',
  grpcContentType: 'grpc.content_type',
  grpcMessage: 'grpc.message',
  grpcPath: 'grpc.path',
  grpcStatusCode: 'grpc.status_code',
  grpcTimeout: 'grpc.timeout',
  clientTraceId: 'guid:x-client-trace-id',
  requestId: 'guid:x-request-id',
  method: 'http.method',
  protocol: 'http.protocol',
  statusCode: 'http.status_code',
  url: 'http.url',
  nodeId: 'node_id',
  peerAddress: 'peer.address',
  requestSize: 'request_size',
  responseFlags: 'response_flags',
  responseSize: 'response_size',
  retryCount: 'retry.count',
  upstreamAddress: 'upstream_address',
  upstreamCluster: 'upstream_cluster',
  upstreamClusterName: 'upstream_cluster.name',
  userAgent: 'user_agent',
  zone: 'zone',
} as const;

/** The names of tags that Envoy's tracers write. */
export const tagNames: Readonly<Record<keyof typeof texts, TagName>> = Object.fromEntries(
  Object.entries(texts).map(([key, name]) => [key, tagName(name)]),
) as Record<keyof typeof texts, TagName>;

const beyondAscii = /[^ -~]/;

/** Whether a header value is more than printable ASCII, and so needs a look at its bytes. */
export const isBeyondAscii = (text: string): boolean => beyondAscii.test(text);

/** Text of any script as the bytes of its UTF-8, one character each: the form of header values. */
export const byteText = (text: string): string =>
  beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;

/** Text of bytes, what is no UTF-8 replaced: receivers refuse whole batches for one broken value. */
export const unicodeText = (bytes: string): string =>
  beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
