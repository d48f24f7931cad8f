import type { DataSource as DataSourceMessage } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { DataSource } from './tls-settings.ts';

/** UTF-8 bytes of a text; lone surrogates become U+FFFD, as TextEncoder has it. */
export const utf8 = (text: string): Uint8Array => {
  const bytes: number[] = [];
  for (const character of text.toWellFormed()) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    } else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63));
      bytes.push(0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
  }
  return Uint8Array.from(bytes);
};

/** Text of bytes, one character each (ISO 8859-1, as header values are kept). */
export const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** Plain data of a data source; undefined when it says nothing. */
export const dataSource = (source: DataSourceMessage | undefined): DataSource | undefined => {
  const specifier = source?.specifier;
  switch (specifier?.case) {
    case 'inlineBytes':
      return { kind: 'inline', bytes: specifier.value };
    case 'inlineString':
      return { kind: 'inline', bytes: utf8(specifier.value) };
    case 'filename':
      return { kind: 'file', path: specifier.value };
    case 'environmentVariable':
      return { kind: 'environment', name: specifier.value };
    default:
      return undefined;
  }
};
