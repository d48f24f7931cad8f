import { fieldPath } from '../../schema/field-path.ts';
import type {
  CorsPolicy,
  HeaderRules,
  HttpDirectResponse,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
} from '../http-route.ts';
import { checkDuration, checkHeaderName, checkPort } from './field.ts';
import {
  conflict,
  deprecated,
  doubtful,
  type Findings,
  forEachItem,
  invalid,
  missing,
  type ValidationContext,
} from './finding.ts';
import { checkRegex, checkStringMatches } from './regex.ts';

/** Istio's and Envoy's limit of a direct response's body. */
const maxDirectBodyBytes = 1_048_576;
const redirectCodes: readonly number[] = [301, 302, 303, 307, 308];

/** A status a proxy may answer with. */
export const checkHttpStatus = (status: number, path: string): Findings =>
  status >= 200 && status <= 599
    ? []
    : [invalid(path, `HTTP status ${status} is not in the range 200..599`)];

/** A redirect that changes something, with a code clients follow. */
export const checkRedirect = (redirect: HttpRedirect, path: string): Findings => {
  const { uri, prefixRewrite, authority, port, derivePort, scheme, redirectCode } = redirect;
  const found = [];
  const says = [uri, prefixRewrite, authority, port, derivePort, scheme];
  if (says.every((one) => one === undefined || one === ''))
    found.push(missing(path, 'redirect must specify uri, authority, scheme or port'));
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    found.push(invalid(`${path}.scheme`, `redirect scheme "${scheme}" must be http or https`));
  if (redirectCode !== undefined && !redirectCodes.includes(redirectCode))
    found.push(
      invalid(
        `${path}.redirectCode`,
        `redirect code ${redirectCode} must be one of ${redirectCodes.join(', ')}`,
      ),
    );
  return [...found, ...checkPort(port, `${path}.port`)];
};

/** Bytes of a string in UTF-8. */
const utf8Length = (text: string): number => {
  let bytes = 0;
  for (const one of text) {
    const code = one.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
};

/** A direct response: status and size of its body. */
export const checkDirectResponse = (
  { status, body }: HttpDirectResponse,
  path: string,
): Findings => {
  const size = utf8Length(body?.string ?? '') + Math.floor(((body?.bytes ?? '').length * 3) / 4);
  return [
    ...checkHttpStatus(status, `${path}.status`),
    ...(size > maxDirectBodyBytes
      ? [invalid(`${path}.body`, `body of ${size} bytes exceeds the limit of 1 MiB`)]
      : []),
  ];
};

/** A rewrite: path or pattern, not both. */
export const checkRewrite = (
  { uri, authority, uriRegexRewrite }: HttpRewrite,
  path: string,
  context: ValidationContext,
): Findings => {
  const found = [];
  if (!uri && !authority && uriRegexRewrite === undefined)
    found.push(missing(path, 'rewrite must specify uri, authority or uriRegexRewrite'));
  if (uriRegexRewrite === undefined) return found;
  if (uri) found.push(conflict(`${path}.uriRegexRewrite`, 'cannot be combined with uri: keep one'));
  if (!uriRegexRewrite.match)
    found.push(missing(`${path}.uriRegexRewrite.match`, 'the pattern to replace is required'));
  return [...found, ...checkRegex(uriRegexRewrite.match, `${path}.uriRegexRewrite.match`, context)];
};

const retryConditions: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

const checkRetryOn = (retryOn: string | undefined, path: string): Findings =>
  (retryOn ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !retryConditions.has(one) && !/^[1-5]\d\d$/.test(one))
    .map((one) =>
      invalid(path, `"${one}" is neither a retry condition of Envoy nor an HTTP status code`),
    );

/** A retry policy: counts, durations, and conditions Envoy knows. */
export const checkRetries = (retries: HttpRetry, path: string): Findings => {
  const { attempts, perTryTimeout, retryOn, backoff } = retries;
  const found = [];
  if (attempts !== undefined && attempts < 0)
    found.push(
      invalid(`${path}.attempts`, 'attempts must not be negative: 0 switches retries off'),
    );
  if (attempts === 0 && (perTryTimeout !== undefined || retryOn !== undefined))
    found.push(
      doubtful(path, 'attempts is 0, so retries are off and the other settings have no effect'),
    );
  return [
    ...found,
    ...checkDuration(perTryTimeout, `${path}.perTryTimeout`, { zero: true }),
    ...checkDuration(backoff, `${path}.backoff`),
    ...checkRetryOn(retryOn, `${path}.retryOn`),
  ];
};

const httpMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  '*',
]);

/** A CORS policy. */
export const checkCors = (
  policy: CorsPolicy,
  path: string,
  context: ValidationContext,
): Findings => [
  ...checkStringMatches(policy.allowOrigins, `${path}.allowOrigins`, context),
  ...(policy.allowOrigin === undefined
    ? []
    : [deprecated(`${path}.allowOrigin`, 'allowOrigin is deprecated: use allowOrigins')]),
  ...forEachItem(policy.allowMethods, `${path}.allowMethods`, (method, at) =>
    httpMethods.has(method) ? [] : [invalid(at, `"${method}" is not a supported HTTP method`)],
  ),
  ...forEachItem(policy.allowHeaders, `${path}.allowHeaders`, checkHeaderName),
  ...forEachItem(policy.exposeHeaders, `${path}.exposeHeaders`, checkHeaderName),
  ...checkDuration(policy.maxAge, `${path}.maxAge`, { leastMs: 0, stepMs: 1_000 }),
];

/** Header operations by name; the names are what can be wrong. */
export const checkHeaderRules = (rules: HeaderRules | undefined, path: string): Findings =>
  (['request', 'response'] as const).flatMap((side) => {
    const operations = rules?.[side];
    const at = `${path}.${side}`;
    const names = (field: 'set' | 'add'): Findings =>
      Object.keys(operations?.[field] ?? {}).flatMap((name) =>
        checkHeaderName(name, fieldPath(`${at}.${field}`, name)),
      );
    return [
      ...names('set'),
      ...names('add'),
      ...forEachItem(operations?.remove, `${at}.remove`, checkHeaderName),
    ];
  });
