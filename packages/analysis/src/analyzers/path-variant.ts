/** MeshConfig.pathNormalization. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

/** A path that an application may take for the one a policy is about. */
export interface PathVariant {
  readonly path: string;
  readonly why: string;
  /** The weakest normalisation that makes it the same path; undefined: none does. */
  readonly closedBy: PathNormalization | undefined;
}

const strength: Readonly<Record<PathNormalization, number>> = {
  NONE: 0,
  BASE: 1,
  MERGE_SLASHES: 2,
  DECODE_AND_MERGE_SLASHES: 3,
};

/** Value forms of Istio: exact, `x*`, `*x`, `*`. */
export const patternMatches = (pattern: string, path: string): boolean => {
  if (pattern === '*') return path !== '';
  if (pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1));
  return pattern.startsWith('*') ? path.endsWith(pattern.slice(1)) : path === pattern;
};

const otherCase = (text: string): string => {
  const at = text.search(/[a-zA-Z]/);
  const letter = text.charAt(at);
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return text.slice(0, at) + other + text.slice(at + 1);
};

const encodedLetter = (text: string): string => {
  const at = text.search(/[a-zA-Z]/);
  const code = text.charCodeAt(at).toString(16);
  return `${text.slice(0, at)}%${code}${text.slice(at + 1)}`;
};

/** A path that a pattern is about: itself, or one below it. */
const sample = (pattern: string): string => {
  if (pattern.startsWith('*')) return `/x${pattern.slice(1)}`;
  return pattern.endsWith('/*') ? `${pattern.slice(0, -1)}x` : pattern.replace(/\*$/, '');
};

const variantsOf = (pattern: string): readonly PathVariant[] => {
  const path = sample(pattern);
  const inner = path.indexOf('/', 1);
  const isExact = !pattern.endsWith('*');
  return [
    ...(isExact && path.length > 1 && !path.endsWith('/')
      ? [{ path: `${path}/`, why: 'a slash at the end', closedBy: undefined }]
      : []),
    ...(pattern.endsWith('/*') && pattern.length > 2
      ? [{ path: pattern.slice(0, -2), why: 'no slash at the end', closedBy: undefined }]
      : []),
    ...(/[a-zA-Z]/.test(path)
      ? [
          { path: otherCase(path), why: 'another case', closedBy: undefined },
          { path: encodedLetter(path), why: 'an encoded letter', closedBy: 'BASE' as const },
        ]
      : []),
    ...(pattern.startsWith('/') && path.length > 1
      ? [{ path: `/${path}`, why: 'a doubled slash', closedBy: 'MERGE_SLASHES' as const }]
      : []),
    ...(pattern.startsWith('/') && inner > 0 && inner < path.length - 1
      ? [
          {
            path: `${path.slice(0, inner)}%2F${path.slice(inner + 1)}`,
            why: 'an encoded slash',
            closedBy: 'DECODE_AND_MERGE_SLASHES' as const,
          },
        ]
      : []),
  ];
};

/**
 * Ways to write the path of a pattern that none of `patterns` matches, at a normalisation. Templates
 * and patterns for everything have none.
 */
export const missedVariants = (
  pattern: string,
  patterns: readonly string[],
  normalization: PathNormalization,
): readonly PathVariant[] => {
  if (pattern === '*' || pattern.includes('{') || pattern === '/*' || pattern === '/') return [];
  return variantsOf(pattern).filter(
    ({ path, closedBy }) =>
      (closedBy === undefined || strength[closedBy] > strength[normalization]) &&
      !patterns.some((one) => patternMatches(one, path)),
  );
};
