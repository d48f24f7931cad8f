/** Literals of expressions, escaped or not, with `.*` before or behind: most of what policies are made of. */
const affix = /^(\.\*)?((?:[A-Za-z0-9_/\-:;,=~@!%&'"<> #`]|\\[.\\+*?()[\]{}|^$/-])*)(\.\*)?$/;

/** `.` stands for anything but a line feed, as in RE2. */
const isOneLine = (value: string): boolean => value.indexOf('\n') < 0;

/**
 * An expression that is a literal, a prefix, a suffix or a part of the value, without an engine;
 * undefined for all others. The literal cannot overlap with what `.*` takes: `a.*a` is no such one.
 */
export const affixPattern = (source: string): ((value: string) => boolean) | undefined => {
  const match = affix.exec(source);
  if (match === null) return undefined;
  const literal = (match[2] ?? '').replace(/\\(.)/g, '$1');
  const [before, behind] = [match[1] !== undefined, match[3] !== undefined];
  if (before && behind) return (value) => value.includes(literal) && isOneLine(value);
  if (before) return (value) => value.endsWith(literal) && isOneLine(value);
  if (behind) return (value) => value.startsWith(literal) && isOneLine(value);
  return (value) => value === literal;
};
