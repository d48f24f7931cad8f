/** A length-delimited field of protobuf: its tag (below 128), length and bytes. */
export const lengthDelimited = (fieldTag: number, bytes: Uint8Array): Buffer => {
  const head = [fieldTag];
  let length = bytes.length;
  while (length > 0x7f) {
    head.push((length & 0x7f) | 0x80);
    length >>>= 7;
  }
  head.push(length);
  return Buffer.concat([Buffer.from(head), bytes]);
};
