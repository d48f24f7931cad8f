import { RE2JS } from 're2js';

/** Patterns of questions are short. */
const maxPatternCharacters = 1024;

/** A test for texts. */
export type TextTest = (text: string) => boolean;

/**
 * Compiles an RE2 expression (linear time: nobody can make the server think for ever); undefined when it is none.
 * `isWhole`: the whole text must match, as in PromQL; else a part is enough.
 */
export const compileTest = (
  pattern: string,
  { isWhole, ignoreCase = false }: { readonly isWhole: boolean; readonly ignoreCase?: boolean },
): TextTest | undefined => {
  if (pattern.length > maxPatternCharacters) return undefined;
  try {
    const flags = RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    const compiled = RE2JS.compile(pattern, flags);
    return isWhole ? (text) => compiled.matches(text) : (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
};
