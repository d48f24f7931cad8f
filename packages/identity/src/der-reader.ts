/**
 * DER reading (ITU-T X.690), just what certificates and signing requests need. The input comes from
 * strangers: lengths are checked against what is there, and only definite, minimal lengths pass.
 */

/** One tag-length-value. */
export interface DerElement {
  /** The identifier octet: class, constructed bit and number (numbers above 30 are refused). */
  readonly tag: number;
  /** The value. */
  readonly body: Buffer;
  /** Tag, length and value as they stand in the input. */
  readonly raw: Buffer;
}

/** The input is not the DER that was expected. Never leaves this package. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** Longest length field: four bytes, far above `maxPemBytes`. */
const maxLengthBytes = 4;

const readLength = (
  bytes: Buffer,
  at: number,
): { readonly length: number; readonly next: number } => {
  const first = bytes[at];
  if (first === undefined) throw new DerError('ends within a length');
  if (first < 0x80) return { length: first, next: at + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > maxLengthBytes || at + 1 + count > bytes.length)
    throw new DerError('has a length that is indefinite, too long or cut');
  const length = bytes.readUIntBE(at + 1, count);
  if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1))))
    throw new DerError('has a length that is not minimal');
  return { length, next: at + 1 + count };
};

const readAt = (bytes: Buffer, at: number): DerElement => {
  const tag = bytes[at];
  if (tag === undefined) throw new DerError('ends where an element should start');
  if ((tag & 0x1f) === 0x1f) throw new DerError('has a tag of several bytes');
  const { length, next } = readLength(bytes, at + 1);
  if (next + length > bytes.length) throw new DerError('ends within an element');
  return { tag, body: bytes.subarray(next, next + length), raw: bytes.subarray(at, next + length) };
};

/** The only element of an input; anything behind it is refused. @throws DerError */
export const readDer = (bytes: Buffer): DerElement => {
  const element = readAt(bytes, 0);
  if (element.raw.length !== bytes.length) throw new DerError('has bytes behind its end');
  return element;
};

/** The elements inside a constructed one. @throws DerError */
export const childrenOf = ({ body }: DerElement): readonly DerElement[] => {
  const children: DerElement[] = [];
  for (let at = 0; at < body.length; ) {
    const child = readAt(body, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
};

/** The element, when it is there and has the tag. @throws DerError */
export const expectTag = (element: DerElement | undefined, tag: number): DerElement => {
  if (element?.tag !== tag) throw new DerError(`has no element with tag 0x${tag.toString(16)}`);
  return element;
};

/** `1.2.840.10045.4.3.2` from the body of an OBJECT IDENTIFIER. @throws DerError */
export const dottedIdentifier = (element: DerElement | undefined): string => {
  const { body } = expectTag(element, 0x06);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc))
      throw new DerError('has an object identifier that is too large');
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
};
