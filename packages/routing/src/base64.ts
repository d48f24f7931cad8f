const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const values = new Int8Array(128).fill(-1);
for (let index = 0; index < alphabet.length; index++) values[alphabet.charCodeAt(index)] = index;

/** Bytes of base64url text without padding (RFC 7515, section 2); undefined when it is none. */
export const decodeBase64Url = (text: string): Uint8Array | undefined => {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? -1;
    if (value < 0) return undefined;
    buffer = ((buffer << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (buffer >> bits) & 255;
  }
  return bytes;
};

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 with padding (RFC 4648, section 4). */
export const encodeBase64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const group = (a << 16) | (b << 8) | c;
    const left = bytes.length - at;
    text += standard.charAt(group >> 18) + standard.charAt((group >> 12) & 63);
    text += left > 1 ? standard.charAt((group >> 6) & 63) : '=';
    text += left > 2 ? standard.charAt(group & 63) : '=';
  }
  return text;
};

/** Text of UTF-8 bytes; undefined when they are none. */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  let escaped = '';
  let plain = true;
  for (const byte of bytes) {
    plain &&= byte < 0x80 && byte !== 37;
    escaped +=
      byte < 0x80 && byte !== 37
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0')}`;
  }
  if (plain) return escaped;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
};
