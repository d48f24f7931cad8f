/** Longest line of a watch stream: one object of etcd's 1.5 MiB limit, with room for its event. */
export const maxLineBytes: number = 4 * 1024 * 1024;

/** Splits a byte stream into lines and parses each as JSON. Throws on a line over `maxLineBytes`. */
export async function* parseJsonLines(source: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of source) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      pending.push(rest.subarray(0, end));
      const line = Buffer.concat(pending).toString('utf8').trim();
      pending = [];
      pendingBytes = 0;
      rest = rest.subarray(end + 1);
      if (line !== '') yield JSON.parse(line);
    }
    pending.push(rest);
    pendingBytes += rest.length;
    if (pendingBytes > maxLineBytes) throw new RangeError(`line over ${maxLineBytes} bytes`);
  }
  const last = Buffer.concat(pending).toString('utf8').trim();
  if (last !== '') yield JSON.parse(last);
}
