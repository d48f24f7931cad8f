const lineEnd: Buffer = Buffer.from('\r\n');

/** Takes one piece; false: wait. */
export type PieceSink = (bytes: Buffer, start: number, end: number) => boolean;

/** Hands data on as one chunk (RFC 9112 section 7.1), in one piece: one write for the receiver. */
export const passAsChunk = (data: Buffer, sink: PieceSink): boolean => {
  if (data.length === 0) return true;
  const size = Buffer.from(`${data.length.toString(16)}\r\n`, 'latin1');
  const whole = Buffer.concat([size, data, lineEnd]);
  return sink(whole, 0, whole.length);
};

/** The last chunk; `trailers` with their empty line. */
export const passLastChunk = (trailers: string, sink: PieceSink): boolean => {
  const bytes = Buffer.from(`0\r\n${trailers}`, 'latin1');
  return sink(bytes, 0, bytes.length);
};
