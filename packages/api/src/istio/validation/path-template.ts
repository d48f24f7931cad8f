const oneSegment = '{*}';
const anySegments = '{**}';

/** Characters of a path segment (`pchar` of RFC 3986 without those that Envoy's templates refuse). */
const literalSegment = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/;

/** Whether a path of an AuthorizationPolicy is a template: it has `{*}` or `{**}`. */
const isPathTemplate = (path: string): boolean =>
  path.includes(oneSegment) || path.includes(anySegments);

const segmentProblem = (segment: string, isTemplate: boolean): string | undefined => {
  if (/[{}]/.test(segment)) return 'braces are allowed only as {*} or {**}, each a whole segment';
  if (isTemplate && !literalSegment.test(segment))
    return `"${segment}" cannot be a segment of a template`;
  return undefined;
};

/** What is wrong with a path or a path template; undefined: nothing. */
export const pathProblem = (path: string): string | undefined => {
  const isTemplate = isPathTemplate(path);
  let isAnyBefore = false;
  for (const segment of path.replace(/^\/+|\/+$/g, '').split('/')) {
    const isOperator = segment === oneSegment || segment === anySegments;
    if (isOperator && isAnyBefore) return '{**} must be the last operator';
    if (segment === anySegments) isAnyBefore = true;
    const problem = isOperator ? undefined : segmentProblem(segment, isTemplate);
    if (problem !== undefined) return problem;
  }
  return undefined;
};
