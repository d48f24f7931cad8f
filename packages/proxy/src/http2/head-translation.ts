import { randomBytes } from 'node:crypto';
import { reasonOf } from '../http/status-reason.ts';
import { isAuthority, targetBytes, tokenBytes, valueBytes } from '../http1/byte-class.ts';
import { headFlag, type MessageHead } from '../http1/head-parser.ts';
import { HeaderBlock, marksPerLine } from '../http1/header-block.ts';

/** Names that mean something to one HTTP/1.1 connection only (RFC 9113 section 8.2.2). */
const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Digits of a Content-Length that stay exact. */
const lengthPattern = /^\d{1,15}$/;

const allOf = (text: string, table: Uint8Array): boolean => {
  for (let at = 0; at < text.length; at++) if (table[text.charCodeAt(at)] !== 1) return false;
  return true;
};

/** Writes lines into a head as the HTTP/1.1 parser would. */
class HeadWriter {
  readonly #head: MessageHead;
  #text: string;
  #lengths = 0;
  #count = 0;

  constructor(head: MessageHead, startLine: string) {
    this.#head = head;
    head.clear();
    head.flags = 0;
    head.contentLength = -1;
    head.hostLine = -1;
    head.linesStart = startLine.length;
    this.#text = startLine;
  }

  line(name: string, value: string): number {
    const head = this.#head;
    const mark = this.#count * marksPerLine;
    if (mark >= head.marks.length) head.grow();
    const { marks } = head;
    const start = this.#text.length;
    const valueStart = start + name.length + 2;
    marks[mark] = start;
    marks[mark + 1] = start + name.length;
    marks[mark + 2] = valueStart;
    marks[mark + 3] = valueStart + value.length;
    this.#lengths |= 1 << (name.length & 31);
    this.#text += `${name}: ${value}\r\n`;
    return this.#count++;
  }

  /** The length is not known: that is how the body is handed over. */
  chunked(): void {
    this.#head.flags |= headFlag.chunked | headFlag.transferEncoding;
    this.line('transfer-encoding', 'chunked');
  }

  finish(): void {
    const head = this.#head;
    head.text = this.#text;
    head.count = this.#count;
    head.nameLengths = this.#lengths;
  }
}

/** Pseudo headers of a request, and what must be known before lines are written. */
interface Pseudo {
  method: string;
  path: string;
  authority: string | undefined;
  host: string | undefined;
  scheme: string;
  protocol: string | undefined;
  cookies: string | undefined;
  contentLength: string | undefined;
}

/** Notes one line if it is not an ordinary one; false: it is. */
const takeSpecial = (pseudo: Pseudo, name: string, value: string): boolean => {
  switch (name) {
    case ':method':
      pseudo.method = value;
      return true;
    case ':path':
      pseudo.path = value;
      return true;
    case ':authority':
      pseudo.authority = value;
      return true;
    case ':scheme':
      pseudo.scheme = value;
      return true;
    case ':protocol':
      pseudo.protocol = value;
      return true;
    case 'host':
      pseudo.host ??= value;
      return true;
    case 'cookie':
      // Crumbs become one line again (RFC 9113 section 8.2.3).
      pseudo.cookies = pseudo.cookies === undefined ? value : `${pseudo.cookies}; ${value}`;
      return true;
    case 'content-length':
      pseudo.contentLength ??= value;
      return true;
    default:
      return false;
  }
};

/** Whether an ordinary line may stand in a message; the library has checked most of it before. */
const isAllowed = (name: string, value: string): boolean =>
  !connectionSpecific.has(name) &&
  (name !== 'te' || value === 'trailers') &&
  allOf(name, tokenBytes) &&
  allOf(value, valueBytes);

/** A protocol is named by CONNECT alone (RFC 8441): an upgrade in HTTP/2's words. */
const isKnownForm = ({ method, protocol }: Pseudo): boolean =>
  protocol === undefined ||
  (method === 'CONNECT' && protocol !== '' && allOf(protocol, tokenBytes));

/** Bytes of a WebSocket key (RFC 6455 section 4.1). */
const webSocketKeyBytes = 16;

/** Writes an extended CONNECT as the upgrade that HTTP/1.1 knows, as Envoy does. */
const writeUpgrade = (writer: HeadWriter, head: MessageHead, protocol: string): void => {
  writer.line('connection', 'upgrade');
  writer.line('upgrade', protocol);
  head.flags |= headFlag.upgrade | headFlag.connectionTokens;
  // HTTP/2 needs no proof that the server understood; servers of HTTP/1.1 want to give it.
  if (protocol.toLowerCase() !== 'websocket') return;
  writer.line('sec-websocket-key', randomBytes(webSocketKeyBytes).toString('base64'));
};

/** Completes the pseudo headers; false: one is missing or wrong. */
const isWellFormed = (pseudo: Pseudo): boolean => {
  pseudo.authority ??= pseudo.host;
  const { method, authority, cookies, contentLength } = pseudo;
  if (authority === undefined || !isAuthority(authority) || !isKnownForm(pseudo)) return false;
  if (method === 'CONNECT' && pseudo.protocol === undefined) pseudo.path = authority;
  if (method === '' || pseudo.path === '') return false;
  if (!allOf(method, tokenBytes) || !allOf(pseudo.path, targetBytes)) return false;
  if (contentLength !== undefined && !lengthPattern.test(contentLength)) return false;
  return cookies === undefined || allOf(cookies, valueBytes);
};

const collect = (pseudo: Pseudo, raw: readonly string[]): string[] | undefined => {
  const lines: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (takeSpecial(pseudo, name, value)) continue;
    if (!isAllowed(name, value)) return undefined;
    lines.push(name, value);
  }
  return lines;
};

/** How a request's body comes. */
export type RequestShape = 'no-body' | 'body';

/**
 * Turns the header list of a request into a head in HTTP/1.1 form. A body of unknown length gets
 * `transfer-encoding: chunked`: that is how it is handed over. False: malformed.
 */
export const readRequest = (
  head: MessageHead,
  raw: readonly string[],
  shape: RequestShape,
): boolean => {
  const pseudo: Pseudo = {
    method: '',
    path: '',
    authority: undefined,
    host: undefined,
    scheme: '',
    protocol: undefined,
    cookies: undefined,
    contentLength: undefined,
  };
  const lines = collect(pseudo, raw);
  if (lines === undefined || !isWellFormed(pseudo)) return false;
  const { path, authority = '', protocol } = pseudo;
  const method = protocol === undefined ? pseudo.method : 'GET';
  const writer = new HeadWriter(head, `${method} ${path} HTTP/1.1\r\n`);
  head.methodEnd = method.length;
  head.targetStart = method.length + 1;
  head.targetEnd = head.targetStart + path.length;
  head.hostLine = writer.line('host', authority);
  for (let at = 0; at < lines.length; at += 2) {
    // Ours takes the place of a key that says nothing over HTTP/2.
    if (protocol !== undefined && lines[at] === 'sec-websocket-key') continue;
    writer.line(lines[at] as string, lines[at + 1] as string);
  }
  if (protocol !== undefined) writeUpgrade(writer, head, protocol);
  if (pseudo.cookies !== undefined) writer.line('cookie', pseudo.cookies);
  if (pseudo.contentLength !== undefined) {
    head.contentLength = Number(pseudo.contentLength);
    writer.line('content-length', pseudo.contentLength);
  } else if (shape === 'body' && pseudo.method !== 'CONNECT') writer.chunked();
  writer.finish();
  return true;
};

/** The ordinary lines of a response; false: malformed. */
const writeLines = (writer: HeadWriter, head: MessageHead, raw: readonly string[]): boolean => {
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (name.charCodeAt(0) === 58) continue;
    if (!isAllowed(name, value)) return false;
    if (name === 'content-length') {
      if (!lengthPattern.test(value)) return false;
      head.contentLength = Number(value);
    }
    writer.line(name, value);
  }
  return true;
};

/** As `readRequest`, of a response. `bodiless`: the stream ended with the head. */
export const readResponse = (
  head: MessageHead,
  raw: readonly string[],
  options: { readonly status: number; readonly bodiless: boolean; readonly framed: boolean },
): boolean => {
  const { status, bodiless, framed } = options;
  const writer = new HeadWriter(head, `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`);
  head.status = status;
  if (!writeLines(writer, head, raw)) return false;
  if (framed && head.contentLength < 0) {
    if (bodiless) writer.line('content-length', '0');
    else writer.chunked();
  }
  writer.finish();
  return true;
};

/** A header list and about how many bytes it is. */
export interface HeaderList {
  readonly raw: string[];
  readonly bytes: number;
}

const appendLines = (raw: string[], head: HeaderBlock, skip: string): number => {
  let bytes = 0;
  for (const [name, value] of head.entries()) {
    if (name === skip || connectionSpecific.has(name)) continue;
    if (name === 'te' && value !== 'trailers') continue;
    if (name.charCodeAt(0) === 58) continue;
    raw.push(name, value);
    bytes += name.length + value.length + 4;
  }
  return bytes;
};

/** The header list of a request from its head. */
export const requestList = (
  line: { readonly method: string; readonly scheme: string; readonly path: string },
  head: MessageHead,
): HeaderList => {
  const { method, scheme, path } = line;
  const raw = [':method', method, ':authority', head.get('host') ?? ''];
  if (method !== 'CONNECT') raw.push(':scheme', scheme, ':path', path);
  const bytes = appendLines(raw, head, 'host');
  return { raw, bytes: bytes + method.length + path.length };
};

/** The header list of a response from its head. */
export const responseList = (status: number, head: MessageHead): HeaderList => {
  const raw = [':status', String(status)];
  // What answers by its head alone (gRPC's trailers-only form) has no length.
  const skip = head.has('grpc-status') ? 'content-length' : '';
  return { raw, bytes: appendLines(raw, head, skip) };
};

/** Trailers as a block; undefined when there are none or one is not allowed there. */
export const readTrailers = (raw: readonly string[]): HeaderBlock | undefined => {
  const block = new HeaderBlock();
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (name.charCodeAt(0) === 58 || !isAllowed(name, value)) continue;
    block.append(name, value);
  }
  return raw.length > 0 ? block : undefined;
};

/** Trailers as the library takes them: an object, values of one name in a list. */
export const trailerObject = (block: HeaderBlock): Record<string, string | string[]> => {
  const found: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of block.entries()) {
    if (connectionSpecific.has(name) || name.charCodeAt(0) === 58) continue;
    const before = found[name];
    if (before === undefined) found[name] = value;
    else found[name] = typeof before === 'string' ? [before, value] : [...before, value];
  }
  return found;
};
