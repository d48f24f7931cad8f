import { HeaderBlock } from './header-block.ts';

/** Framing, target and hop: never what comes behind a body (RFC 9110 section 6.5.1). */
const forbidden: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Trailers as they stand behind the last chunk, with the empty line (RFC 9112 section 7.1.2). */
export const trailerText = (block: HeaderBlock | undefined): string => {
  let text = '';
  for (const [name, value] of block?.entries() ?? []) {
    if (!forbidden.has(name)) text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
};

/** Trailers from that form; undefined when there are none. The syntax has been checked before. */
export const parseTrailers = (text: string): HeaderBlock | undefined => {
  let block: HeaderBlock | undefined;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    if (forbidden.has(name)) continue;
    block ??= new HeaderBlock();
    block.append(name, line.slice(colon + 1).trim());
  }
  return block;
};
