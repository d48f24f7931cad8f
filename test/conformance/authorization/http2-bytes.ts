/** Header lines of an HTTP/2 request, in order, well formed or not. */
export type Http2Lines = readonly (readonly [name: string, value: string])[];

/** Frame types and flags of RFC 9113. */
const data = 0;
const headers = 1;
const settings = 4;
const endStream = 1;
const endHeaders = 4;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

/** Literals without indexing (RFC 7541, 6.2.2); texts here are shorter than 127 bytes. */
const literal = (text: string): Buffer =>
  Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);

const block = (lines: Http2Lines): Buffer =>
  Buffer.concat(
    lines.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );

/** The stream of the request that follows an attempt. */
export const sentinelStream = 3;

const sentinel: Http2Lines = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'web'],
  [':path', '/sentinel'],
];

/** A connection that makes an attempt, and an honest request after it. */
export const http2Bytes = (
  lines: Http2Lines,
  body: string | undefined,
  trailers: Http2Lines | undefined,
): Buffer => {
  const ends = body === undefined && trailers === undefined;
  return Buffer.concat([
    preface,
    frame(settings, 0, 0, Buffer.alloc(0)),
    frame(headers, endHeaders | (ends ? endStream : 0), 1, block(lines)),
    ...(body === undefined
      ? []
      : [frame(data, trailers === undefined ? endStream : 0, 1, Buffer.from(body, 'latin1'))]),
    ...(trailers === undefined ? [] : [frame(headers, endHeaders | endStream, 1, block(trailers))]),
    frame(headers, endHeaders | endStream, sentinelStream, block(sentinel)),
  ]);
};

/** Whether the honest request has been answered in what came back. */
export const answersSentinel = (received: Buffer): boolean => {
  let at = 0;
  while (at + 9 <= received.length) {
    const isHeaders = received[at + 3] === headers;
    if (isHeaders && received.readUInt32BE(at + 5) === sentinelStream) return true;
    at += 9 + received.readUIntBE(at, 3);
  }
  return false;
};
