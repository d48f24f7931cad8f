/**
 * Values of headers are text of one character a byte here, whatever the bytes mean. Text of people and
 * of protobuf is Unicode; these go from one to the other as UTF-8.
 */

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** Unicode as one character a byte. */
export const toHeaderText = (text: string): string =>
  isAscii(text)
    ? text
    : encodeURIComponent(text.toWellFormed()).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );

/** One character a byte as Unicode; what is no UTF-8 stays as it is. */
export const fromHeaderText = (text: string): string => {
  if (isAscii(text)) return text;
  const encoded = text.replace(
    /[%\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  try {
    return decodeURIComponent(encoded);
  } catch {
    return text.toWellFormed();
  }
};
