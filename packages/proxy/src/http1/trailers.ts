import { HeaderBlock } from './header-block.ts';

/** Trailers as they stand behind the last chunk, with the empty line (RFC 9112 section 7.1.2). */
export const trailerText = (block: HeaderBlock | undefined): string => {
  let text = '';
  for (const [name, value] of block?.entries() ?? []) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
};

/** Trailers from that form; undefined when there are none. The syntax has been checked before. */
export const parseTrailers = (text: string): HeaderBlock | undefined => {
  let block: HeaderBlock | undefined;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    block ??= new HeaderBlock();
    block.append(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return block;
};
