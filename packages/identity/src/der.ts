/**
 * DER writing (ITU-T X.690), just what X.509 certificates need. Every function returns one complete
 * tag-length-value.
 */

/** Concatenates already encoded parts under a tag. */
export const tagged = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  if (body.length < 0x80) length.push(body.length);
  else {
    for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
    length.unshift(0x80 | length.length);
  }
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};

/** SEQUENCE of parts that are encoded already. */
export const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, ...parts);
/** SET of parts that are encoded already, in the order given. */
export const setOf = (...parts: readonly Uint8Array[]): Buffer => tagged(0x31, ...parts);
/** OCTET STRING. */
export const octetString = (bytes: Uint8Array): Buffer => tagged(0x04, bytes);
/** BOOLEAN; DER knows one form of true. */
export const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.from([value ? 0xff : 0]));
/** UTF8String. */
export const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8'));

/** A non-negative integer from its big-endian bytes; a zero byte keeps the sign off. */
export const integer = (bytes: Uint8Array): Buffer => {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const body = bytes.subarray(start);
  const pad = (body[0] ?? 0) >= 0x80 || body.length === 0;
  return tagged(0x02, pad ? Buffer.concat([Buffer.from([0]), body]) : body);
};

/** Bits counted from the most significant; trailing zero bits are cut as DER asks. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer =>
  tagged(0x03, Buffer.from([unusedBits]), bytes);

/** `1.2.840.10045.4.3.2` */
export const objectIdentifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
};

/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). Seconds precision. */
export const time = (timeMs: number): Buffer => {
  const digits = new Date(timeMs).toISOString().replace(/[-:T]|\..*/g, '');
  const year = Number(digits.slice(0, 4));
  return year < 2050
    ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : tagged(0x18, Buffer.from(`${digits}Z`, 'latin1'));
};
