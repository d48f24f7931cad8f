import { bytesEqualName, targetBytes, tokenBytes, valueBytes } from './byte-class.ts';
import { HeaderBlock } from './header-block.ts';
import { latin1Slice } from './latin1.ts';

/** What the parser found, as bits: no object per message. */
export const headFlag = {
  chunked: 1,
  close: 2,
  keepAlive: 4,
  transferEncoding: 8,
  expectContinue: 16,
  upgrade: 32,
  http10: 64,
  /** `connection` names further headers, or `upgrade`. */
  connectionTokens: 128,
} as const;

/** Results of a parse: a positive number is the offset behind the head. */
export const parseOutcome = {
  /** More bytes are needed. */
  incomplete: 0,
  /** 400. */
  malformed: -1,
  /** 431. */
  tooManyHeaders: -2,
  /** 501: a transfer coding other than chunked, or several. */
  unknownTransferCoding: -3,
  /** 426: HTTP, but neither 1.0 nor 1.1. */
  otherVersion: -4,
  /** 400: Content-Length beside Transfer-Encoding. */
  lengthAndChunked: -5,
  /** 400: a control byte in a value. */
  invalidCharacters: -6,
  /** 431: too many bytes. */
  headTooLarge: -7,
} as const;

const { chunked, close, keepAlive, transferEncoding } = headFlag;
const { incomplete, malformed } = parseOutcome;

/** Envoy's default for both directions. */
const defaultMaxHeaders = 100;

/** A head with what the codec must know about it. */
export class MessageHead extends HeaderBlock {
  /** Sum of `headFlag`. */
  flags = 0;
  /** -1: none. */
  contentLength = -1;
  /** Responses only. */
  status = 0;
  /** Requests only: offsets into `text`. */
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Index of the Host line, -1: none. */
  hostLine = -1;
  /** More lines than this refuse the message. */
  readonly maxHeaders: number;
  /** Content-Length beside chunks is left out instead of refused (`allow_chunked_length`). */
  readonly allowsChunkedLength: boolean;

  constructor(maxHeaders: number = defaultMaxHeaders, allowsChunkedLength = false) {
    super();
    this.maxHeaders = maxHeaders;
    this.allowsChunkedLength = allowsChunkedLength;
  }

  /** Nothing is known of a message: what came of it is not to be believed. */
  forget(): void {
    this.clear();
    this.flags = 0;
    this.contentLength = -1;
    this.hostLine = -1;
    this.methodEnd = 0;
  }

  hasFlag(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}

/** Digits of a Content-Length: more than fifteen leave the range of exact integers. */
const maxLengthDigits = 15;

const parseLength = (bytes: Uint8Array, start: number, end: number): number => {
  if (end === start || end - start > maxLengthDigits) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
};

const connectionFlags = (bytes: Buffer, start: number, end: number): number => {
  const length = end - start;
  if (length === 10 && bytesEqualName(bytes, start, 'keep-alive')) return keepAlive;
  if (length === 5 && bytesEqualName(bytes, start, 'close')) return close;
  let flags: number = headFlag.connectionTokens;
  const text = latin1Slice(bytes, start, end);
  for (const token of text.toLowerCase().split(',')) {
    const word = token.trim();
    if (word === 'close') flags |= close;
    else if (word === 'keep-alive') flags |= keepAlive;
  }
  return flags;
};

/** `Name: value` with one space and none behind: how everyone writes it. */
const isPlainLine = (bytes: Buffer, nameEnd: number, valueStart: number, valueEnd: number) =>
  valueStart === nameEnd + 2 && bytes[nameEnd + 1] === 32 && bytes[valueEnd] === 13;

/** Looks at one header line the codec cares about. A negative result refuses the message. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one switch on the name's length keeps the hot path free of string work
function inspectLine(head: MessageHead, bytes: Buffer, base: number, line: number): number {
  const mark = line * 4;
  const start = base + (head.marks[mark] as number);
  const valueStart = base + (head.marks[mark + 2] as number);
  const valueEnd = base + (head.marks[mark + 3] as number);
  switch (base + (head.marks[mark + 1] as number) - start) {
    case 4:
      if (!bytesEqualName(bytes, start, 'host')) break;
      if (head.hostLine >= 0) return malformed;
      head.hostLine = line;
      break;
    case 6:
      if (bytesEqualName(bytes, start, 'expect')) head.flags |= headFlag.expectContinue;
      break;
    case 7:
      if (bytesEqualName(bytes, start, 'upgrade')) head.flags |= headFlag.upgrade;
      break;
    case 10:
      if (bytesEqualName(bytes, start, 'connection')) {
        head.flags |= connectionFlags(bytes, valueStart, valueEnd);
      }
      break;
    case 14: {
      if (!bytesEqualName(bytes, start, 'content-length')) break;
      const length = parseLength(bytes, valueStart, valueEnd);
      // Even equal ones: as Envoy, and nobody behind us can read them differently.
      if (length < 0 || head.contentLength >= 0) return malformed;
      head.contentLength = length;
      if (!isPlainLine(bytes, start + 14, valueStart, valueEnd)) {
        head.replaceLine(line, 'content-length', String(length));
      }
      break;
    }
    case 17: {
      if (!bytesEqualName(bytes, start, 'transfer-encoding')) break;
      const isOnly = (head.flags & transferEncoding) === 0;
      const isChunked = valueEnd - valueStart === 7 && bytesEqualName(bytes, valueStart, 'chunked');
      if (!isOnly || !isChunked) return parseOutcome.unknownTransferCoding;
      head.flags |= chunked | transferEncoding;
      if (!isPlainLine(bytes, start + 17, valueStart, valueEnd)) {
        head.replaceLine(line, 'transfer-encoding', 'chunked');
      }
      break;
    }
  }
  return 0;
}

/** Lengths of the names `inspectLine` knows, one bit each. */
const inspectedLengths = (1 << 4) | (1 << 6) | (1 << 7) | (1 << 10) | (1 << 14) | (1 << 17);

/** Reads header lines from `head.linesStart`; `base` is where the head began, `length` where the bytes end. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over the bytes of every message
function parseLines(head: MessageHead, bytes: Buffer, base: number, length: number): number {
  let at = base + head.linesStart;
  let line = 0;
  let nameLengths = 0;
  for (;;) {
    if (at >= length) return incomplete;
    let byte = bytes[at] as number;
    if (byte === 13) {
      if (at + 1 >= length) return incomplete;
      if (bytes[at + 1] !== 10) return malformed;
      head.count = line;
      head.nameLengths = nameLengths;
      head.text = latin1Slice(bytes, base, at);
      return at + 2;
    }
    const nameStart = at;
    while (at < length && tokenBytes[byte] === 1) byte = bytes[++at] as number;
    if (at >= length) return incomplete;
    if (byte !== 58 || at === nameStart) return malformed;
    const nameEnd = at++;
    while (at < length && (bytes[at] === 32 || bytes[at] === 9)) at++;
    const valueStart = at;
    byte = bytes[at] as number;
    while (at < length && valueBytes[byte] === 1) byte = bytes[++at] as number;
    if (at >= length || (byte === 13 && at + 1 >= length)) return incomplete;
    if (byte !== 13) return byte === 10 ? malformed : parseOutcome.invalidCharacters;
    if (bytes[at + 1] !== 10) return malformed;
    let valueEnd = at;
    at += 2;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] as number) <= 32) valueEnd--;
    if (line >= head.maxHeaders) return parseOutcome.tooManyHeaders;
    const mark = line * 4;
    if (mark >= head.marks.length) head.grow();
    const marks = head.marks;
    marks[mark] = nameStart - base;
    marks[mark + 1] = nameEnd - base;
    marks[mark + 2] = valueStart - base;
    marks[mark + 3] = valueEnd - base;
    const nameLength = nameEnd - nameStart;
    nameLengths |= 1 << (nameLength & 31);
    if ((inspectedLengths & (1 << nameLength)) !== 0 && nameLength < 32) {
      const outcome = inspectLine(head, bytes, base, line);
      if (outcome < 0) return outcome;
    }
    line++;
  }
}

const startHead = (head: MessageHead): void => {
  head.clear();
  head.flags = 0;
  head.contentLength = -1;
  head.hostLine = -1;
};

/** `HTTP/1.` at an offset. */
const isVersionPrefix = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 72 &&
  bytes[at + 1] === 84 &&
  bytes[at + 2] === 84 &&
  bytes[at + 3] === 80 &&
  bytes[at + 4] === 47 &&
  bytes[at + 5] === 49 &&
  bytes[at + 6] === 46;

const minorVersion = (byte: number | undefined): number => (byte === 49 ? 1 : byte === 48 ? 0 : -1);

/** Content-Length beside Transfer-Encoding: two readers could see two messages. */
const isAmbiguous = (head: MessageHead): boolean => {
  if ((head.flags & chunked) === 0 || head.contentLength < 0) return false;
  if (!head.allowsChunkedLength) return true;
  head.remove('content-length');
  head.contentLength = -1;
  return false;
};

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 48 && byte <= 57;

/** `HTTP/`, a digit, a point and a digit. */
const isSomeVersion = (bytes: Buffer, at: number): boolean =>
  bytes[at] === 72 &&
  bytes[at + 1] === 84 &&
  bytes[at + 2] === 84 &&
  bytes[at + 3] === 80 &&
  bytes[at + 4] === 47 &&
  isDigit(bytes[at + 5]) &&
  bytes[at + 6] === 46 &&
  isDigit(bytes[at + 7]);

/**
 * Parses a request head between `base` and `length`. Fills `head`; a positive result is the offset
 * behind it.
 * Empty lines before the request line are the caller's to skip.
 */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: the request line, read in one pass
export function parseRequestHead(
  head: MessageHead,
  bytes: Buffer,
  base: number,
  length: number,
): number {
  startHead(head);
  let at = base;
  let byte = bytes[at] as number;
  while (at < length && tokenBytes[byte] === 1) byte = bytes[++at] as number;
  if (at >= length) return incomplete;
  if (byte !== 32 || at === base) return malformed;
  head.methodEnd = at - base;
  head.targetStart = ++at - base;
  byte = bytes[at] as number;
  while (at < length && targetBytes[byte] === 1) byte = bytes[++at] as number;
  if (at >= length) return incomplete;
  if (byte !== 32 || at - base === head.targetStart) return malformed;
  head.targetEnd = at - base;
  if (at + 11 > length) return incomplete;
  if (bytes[at + 9] !== 13 || bytes[at + 10] !== 10) return malformed;
  const minor = isVersionPrefix(bytes, at + 1) ? minorVersion(bytes[at + 8]) : -1;
  if (minor < 0) return isSomeVersion(bytes, at + 1) ? parseOutcome.otherVersion : malformed;
  if (minor === 0) head.flags |= headFlag.http10;
  head.linesStart = at + 11 - base;
  const end = parseLines(head, bytes, base, length);
  return end > 0 && isAmbiguous(head) ? parseOutcome.lengthAndChunked : end;
}

const statusOf = (bytes: Uint8Array, at: number): number => {
  const hundreds = (bytes[at] as number) - 48;
  const tens = (bytes[at + 1] as number) - 48;
  const ones = (bytes[at + 2] as number) - 48;
  const isStatus = hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9;
  return isStatus && ones >= 0 && ones <= 9 ? hundreds * 100 + tens * 10 + ones : -1;
};

/** Shortest status line: `HTTP/1.1 200\r\n`. */
const statusLineLength = 14;

/** Parses a response head; as `parseRequestHead`. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: the status line, read in one pass
export function parseResponseHead(
  head: MessageHead,
  bytes: Buffer,
  base: number,
  length: number,
): number {
  startHead(head);
  if (base < length && bytes[base] !== 72) return malformed;
  if (base + statusLineLength > length) return incomplete;
  const minor = minorVersion(bytes[base + 7]);
  if (!isVersionPrefix(bytes, base) || minor < 0 || bytes[base + 8] !== 32) return malformed;
  head.status = statusOf(bytes, base + 9);
  if (head.status < 0) return malformed;
  let at = base + 12;
  if (bytes[at] !== 32 && bytes[at] !== 13) return malformed;
  while (at < length && valueBytes[bytes[at] as number] === 1) at++;
  if (at + 1 >= length) return at < length && bytes[at] !== 13 ? malformed : incomplete;
  if (bytes[at] !== 13 || bytes[at + 1] !== 10) return malformed;
  if (minor === 0) head.flags |= headFlag.http10;
  head.linesStart = at + 2 - base;
  const end = parseLines(head, bytes, base, length);
  if (end <= 0) return end;
  return isAmbiguous(head) ? parseOutcome.lengthAndChunked : end;
}
