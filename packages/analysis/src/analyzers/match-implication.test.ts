import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpMatch, StringMatch } from '@lateen/api';
import fc from 'fast-check';
import { matchImplies } from './match-implication.ts';

fc.configureGlobal({ seed: 20_261_121 });

/** A request, and where its configuration is. */
interface Request {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly port: number;
  readonly gateway: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A value against a condition, as Envoy would; regular expressions here are plain enough for ECMAScript's. */
const passes = ({ exact, prefix, regex }: StringMatch, value: string): boolean => {
  if (exact !== undefined) return value === exact;
  if (prefix !== undefined) return value.startsWith(prefix);
  return regex === undefined || regex === '*' || new RegExp(`^(?:${regex})$`).test(value);
};

const isPresence = ({ exact, prefix, regex }: StringMatch): boolean =>
  exact === undefined && prefix === undefined && (regex === undefined || regex === '*');

const uriPasses = ({ uri, ignoreUriCase = false }: HttpMatch, path: string): boolean => {
  if (uri === undefined) return true;
  if (!ignoreUriCase || uri.regex !== undefined) return passes(uri, path);
  const lower = Object.fromEntries(
    Object.entries(uri).map(([kind, text]) => [kind, text.toLowerCase()]),
  );
  return passes(lower, path.toLowerCase());
};

/** The straightforward reading of HTTPMatchRequest. */
const matches = (match: HttpMatch, request: Request): boolean => {
  const { headers = {}, withoutHeaders = {}, sourceLabels = {} } = match;
  return (
    uriPasses(match, request.path) &&
    (match.method === undefined || passes(match.method, request.method)) &&
    (match.port === undefined || match.port === request.port) &&
    (match.gateways === undefined || match.gateways.includes(request.gateway)) &&
    Object.entries(sourceLabels).every(([key, value]) => request.labels[key] === value) &&
    Object.entries(headers).every(
      ([key, one]) => request.headers[key] !== undefined && passes(one, request.headers[key]),
    ) &&
    Object.entries(withoutHeaders).every(([key, one]) => {
      const value = request.headers[key];
      // A missing header is empty, unless only its presence is asked for.
      return isPresence(one) ? value === undefined : !passes(one, value ?? '');
    })
  );
};

const paths = ['/', '/a', '/A', '/ab', '/a/b', '/b'];
const values = ['', 'a', 'ab', 'b'];

const stringMatch = (texts: readonly string[]): fc.Arbitrary<StringMatch> =>
  fc.oneof(
    fc.constantFrom(...texts).map((exact) => ({ exact })),
    fc.constantFrom(...texts).map((prefix) => ({ prefix })),
    fc.constantFrom('a.*', '.*', '/a.*', '/.*').map((regex) => ({ regex })),
  );

const conditions = fc.dictionary(
  fc.constantFrom('x', 'z'),
  fc.oneof(stringMatch(values), fc.constantFrom<StringMatch>({}, { regex: '*' })),
  { maxKeys: 2 },
);

const match: fc.Arbitrary<HttpMatch> = fc.record(
  {
    uri: stringMatch(paths),
    method: stringMatch(['GET', 'G']),
    headers: conditions,
    withoutHeaders: conditions,
    ignoreUriCase: fc.boolean(),
    port: fc.constantFrom(80, 81),
    gateways: fc.subarray(['mesh', 'gw'], { minLength: 1 }),
    sourceLabels: fc.dictionary(fc.constantFrom('app'), fc.constantFrom('a', 'b')),
  },
  { requiredKeys: [] },
);

const fields = [
  ...(['uri', 'method', 'headers', 'withoutHeaders', 'ignoreUriCase'] as const),
  ...(['port', 'gateways', 'sourceLabels'] as const),
];

const pick = (from: HttpMatch, keys: readonly (keyof HttpMatch)[]): HttpMatch =>
  Object.fromEntries(Object.entries(from).filter(([key]) => keys.some((one) => one === key)));

/** A wide match, and one that often repeats its conditions beside others: so that many are implied. */
const pair = fc
  .tuple(
    match,
    match,
    fc.subarray(fields, { maxLength: 3 }),
    fc.subarray(fields),
    fc.subarray(fields),
  )
  .map(([wide, other, kept, shared, more]) => {
    const outer = pick(wide, kept);
    return [{ ...pick(other, more), ...pick(outer, shared) }, outer] as const;
  });

const request: fc.Arbitrary<Request> = fc.record({
  path: fc.constantFrom(...paths),
  method: fc.constantFrom('GET', 'PUT'),
  headers: fc.dictionary(fc.constantFrom('x', 'z'), fc.constantFrom(...values)),
  port: fc.constantFrom(80, 81),
  gateway: fc.constantFrom('mesh', 'gw'),
  labels: fc.dictionary(fc.constantFrom('app'), fc.constantFrom('a', 'b')),
});

test('a match that implies another takes no request the other does not', () => {
  let implied = 0;
  let taken = 0;
  fc.assert(
    fc.property(pair, fc.array(request, { minLength: 20, maxLength: 20 }), ([a, b], all) => {
      if (!matchImplies(a, b)) return;
      implied += 1;
      for (const one of all) {
        if (!matches(a, one)) continue;
        taken += 1;
        assert.ok(matches(b, one), JSON.stringify({ inner: a, outer: b, request: one }));
      }
    }),
    { numRuns: 10_000 },
  );
  assert.ok(implied > 1_000 && taken > 1_000, `${implied} pairs, ${taken} requests`);
});

const same: readonly [HttpMatch, HttpMatch, boolean][] = [
  [{ uri: { exact: '/a' } }, {}, true],
  [{}, { uri: { prefix: '/' } }, true],
  [{ uri: { regex: '/x' } }, { uri: { regex: '/x' } }, true],
  [{ uri: { exact: '/AB' } }, { uri: { prefix: '/a' }, ignoreUriCase: true }, true],
  [{ uri: { exact: '/ab' }, ignoreUriCase: true }, { uri: { prefix: '/a' } }, false],
  [{ headers: { a: { exact: 'b' } } }, { headers: { a: {} } }, true],
  [{ headers: { a: {} } }, { headers: { a: { exact: '' } } }, false],
  [{ withoutHeaders: { a: { prefix: 'b' } } }, { withoutHeaders: { a: { exact: 'bc' } } }, true],
  [{ port: 80 }, { port: 81 }, false],
  [{ gateways: ['mesh'] }, { gateways: ['mesh', 'gw'] }, true],
  [{ sourceLabels: { a: 'b' } }, { sourceLabels: { a: 'b', c: 'd' } }, false],
  [{ queryParams: { q: { exact: 'x' } } }, { queryParams: { q: { prefix: 'x' } } }, true],
];
for (const [inner, outer, expected] of same)
  test(`${JSON.stringify(inner)} within ${JSON.stringify(outer)}`, () => {
    assert.equal(matchImplies(inner, outer), expected);
  });
