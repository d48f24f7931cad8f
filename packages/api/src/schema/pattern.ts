/** Compiled patterns kept: schemas hold far fewer, so a full cache means patterns made by users' CRDs. */
const maxCachedPatterns = 1_000;
const compiled = new Map<string, RegExp | undefined>();

const compile = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
};

/** Whether `value` contains a match of the schema's `pattern`; a pattern JavaScript cannot read accepts everything. */
export const matchesPattern = (pattern: string, value: string): boolean => {
  if (!compiled.has(pattern)) {
    if (compiled.size >= maxCachedPatterns) compiled.clear();
    compiled.set(pattern, compile(pattern));
  }
  return compiled.get(pattern)?.test(value) ?? true;
};
