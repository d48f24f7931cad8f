/**
 * Which bytes may stand where in an HTTP/1.1 head (RFC 9110 section 5.6.2, RFC 9112 section 3).
 * Tables, because strictness is part of the parser: a byte that is not allowed never gets further.
 */
const tableOf = (allows: (byte: number) => boolean): Uint8Array => {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = allows(byte) ? 1 : 0;
  return table;
};

const tokenCharacters = /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]$/;
const authorityCharacters = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]$/;

/** `token`: methods and header names. */
export const tokenBytes: Uint8Array = tableOf((byte) =>
  tokenCharacters.test(String.fromCharCode(byte)),
);

/** Field values: visible bytes, space, tab and obs-text; no other control byte. */
export const valueBytes: Uint8Array = tableOf((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** Request targets: visible ASCII only. */
export const targetBytes: Uint8Array = tableOf((byte) => byte > 32 && byte < 127);

/** Host and port, without user information. */
const authorityBytes: Uint8Array = tableOf((byte) =>
  authorityCharacters.test(String.fromCharCode(byte)),
);

/** Whether the text can be a host with an optional port. */
export const isAuthority = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    if (authorityBytes[text.charCodeAt(at)] !== 1) return false;
  }
  return text.length > 0;
};

/** Compares bytes with a lower-case name, ignoring the case of letters only. */
export const bytesEqualName = (bytes: Uint8Array, start: number, name: string): boolean => {
  for (let at = 0; at < name.length; at++) {
    const wanted = name.charCodeAt(at);
    const byte = bytes[start + at] as number;
    if (byte !== wanted && (byte < 65 || byte > 90 || (byte | 32) !== wanted)) return false;
  }
  return true;
};

/** The same on text. */
export const textEqualsName = (text: string, start: number, name: string): boolean => {
  for (let at = 0; at < name.length; at++) {
    const wanted = name.charCodeAt(at);
    const code = text.charCodeAt(start + at);
    if (code !== wanted && (code < 65 || code > 90 || (code | 32) !== wanted)) return false;
  }
  return true;
};
