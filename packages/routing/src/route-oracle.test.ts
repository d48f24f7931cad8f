import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import fc from 'fast-check';
import type { RequestHead } from './decision.ts';
import { compileRouteConfiguration } from './route-table.ts';

fc.configureGlobal({ seed: 20_261_121 });

/** Generated pairs of table and request per run: with 100 requests a table, 100,000 pairs. */
const tables = 1_000;

interface RouteModel {
  readonly kind: 'path' | 'prefix' | 'pathSeparatedPrefix' | 'regex';
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly header: {
    readonly name: string;
    readonly value: string;
    readonly invert: boolean;
  } | null;
  readonly query: string | null;
  readonly percent: number | null;
}

interface RequestModel {
  readonly path: string;
  readonly query: string;
  readonly a: string | null;
  readonly drawn: number;
}

const segment = fc.constantFrom('a', 'b', 'ab', 'A', 'api', 'v1', '');
const pathText = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
const trimmed = pathText.map((text) => text.replace(/\/+$/, '')).filter((text) => text !== '');

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const route: fc.Arbitrary<RouteModel> = fc
  .record({
    kind: fc.constantFrom('path', 'prefix', 'pathSeparatedPrefix', 'regex'),
    anyText: pathText,
    cleanText: trimmed,
    ignoreCase: fc.boolean(),
    header: rarely(
      fc.record({ name: fc.constant('a'), value: fc.constantFrom('1', '2'), invert: fc.boolean() }),
    ),
    query: rarely(fc.constantFrom('x', 'y')),
    percent: rarely(fc.integer({ min: 0, max: 100 })),
  })
  .map(({ anyText, cleanText, ...rest }) => ({
    ...rest,
    text: rest.kind === 'pathSeparatedPrefix' ? cleanText : anyText,
  })) as fc.Arbitrary<RouteModel>;

const request: fc.Arbitrary<RequestModel> = fc.record({
  path: pathText,
  query: fc.constantFrom('', '?', '?x', '?y=1', '?x=1&y=2', '#x'),
  a: fc.option(fc.constantFrom('1', '2', '')),
  drawn: fc.integer({ min: 0, max: 999_999 }),
});

const matchOf = (model: RouteModel): JsonValue => ({
  ...(model.kind === 'regex'
    ? { safeRegex: { regex: `${model.text}.?` } }
    : { [model.kind]: model.text, caseSensitive: !model.ignoreCase }),
  headers:
    model.header === null
      ? []
      : [
          {
            name: model.header.name,
            stringMatch: { exact: model.header.value },
            invertMatch: model.header.invert,
          },
        ],
  queryParameters: model.query === null ? [] : [{ name: model.query, presentMatch: true }],
  ...(model.percent !== null && {
    runtimeFraction: { defaultValue: { numerator: model.percent } },
  }),
});

/** The path rule, written down a second time and as plainly as can be. */
const pathFits = (model: RouteModel, path: string): boolean => {
  if (model.kind === 'regex') return new RegExp(`^${model.text}.?$`).test(path);
  const [seen, text] = model.ignoreCase
    ? [path.toLowerCase(), model.text.toLowerCase()]
    : [path, model.text];
  if (model.kind === 'path') return seen === text;
  if (model.kind === 'prefix') return seen.startsWith(text);
  return seen === text || seen.startsWith(`${text}/`);
};

const headerFits = ({ header }: RouteModel, { a }: RequestModel): boolean =>
  header === null || (a !== null && (a === header.value) !== header.invert);

const queryFits = ({ query }: RouteModel, asked: RequestModel): boolean => {
  if (query === null) return true;
  if (!asked.query.startsWith('?')) return false;
  return asked.query
    .slice(1)
    .split('&')
    .some((pair) => pair.split('=')[0] === query);
};

const oracle = (routes: readonly RouteModel[], asked: RequestModel): number =>
  routes.findIndex(
    (model) =>
      pathFits(model, asked.path) &&
      headerFits(model, asked) &&
      queryFits(model, asked) &&
      (model.percent === null || asked.drawn < model.percent * 10_000),
  );

const headOf = (asked: RequestModel): RequestHead => ({
  method: 'GET',
  scheme: 'http',
  authority: 'h',
  path: asked.path + asked.query,
  header: (name) => (name === 'a' && asked.a !== null ? asked.a : undefined),
});

test('properties: index, explanation and a linear scan agree on the first match', () => {
  let matched = 0;
  const property = fc.property(
    fc.array(route, { maxLength: 25, size: 'max' }),
    fc.array(request, { minLength: 100, maxLength: 100 }),
    (routes, requests) => {
      const message = fromJson(RouteConfigurationSchema, {
        virtualHosts: [
          {
            name: 'h',
            domains: ['*'],
            routes: routes.map((model) => ({ match: matchOf(model), route: { cluster: 'c' } })),
          },
        ],
      });
      const vh = compileRouteConfiguration(message).value?.virtualHosts[0];
      assert.ok(vh);
      for (const asked of requests) {
        const expected = oracle(routes, asked);
        if (expected >= 0) matched++;
        const found: number = vh.selectRoute(headOf(asked), () => asked.drawn)?.position ?? -1;
        assert.equal(found, expected, JSON.stringify(asked));
        const explained = vh.explainRoute(headOf(asked), () => asked.drawn);
        assert.equal(explained.route?.position ?? -1, expected);
        assert.equal(explained.tried.length, expected < 0 ? routes.length : expected);
      }
    },
  );
  fc.assert(property, { numRuns: tables });
  assert.ok(matched > tables * 40, `only ${matched} matches: the generator is too wild`);
});

const label = fc.constantFrom('a', 'b', 'aa', 'com');
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const domain = fc.oneof(
  name,
  name.map((text) => `*.${text}`),
  name.map((text) => `*${text}`),
  name.map((text) => `${text}*`),
  fc.constant('*'),
);

/** Smaller is better: exact, then suffixes by length, then prefixes by length, then any. */
const rank = (pattern: string, asked: string): number => {
  if (pattern === asked) return 0;
  if (pattern === '*') return 10_000;
  const longer = asked.length >= pattern.length;
  if (pattern.startsWith('*') && longer && asked.endsWith(pattern.slice(1))) {
    return 1_000 - pattern.length;
  }
  const isPrefix = pattern.endsWith('*') && !pattern.startsWith('*');
  return isPrefix && longer && asked.startsWith(pattern.slice(0, -1))
    ? 5_000 - pattern.length
    : Number.POSITIVE_INFINITY;
};

test('properties: the virtual host is the most specific one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(domain, { maxLength: 20 }), fc.array(name), (domains, asked) => {
      const message = fromJson(RouteConfigurationSchema, {
        virtualHosts: domains.map((one) => ({ name: one, domains: [one] })),
      });
      const table = compileRouteConfiguration(message).value;
      assert.ok(table);
      for (const authority of asked) {
        const ranked = domains.filter((one) => rank(one, authority) < Number.POSITIVE_INFINITY);
        ranked.sort((one, other) => rank(one, authority) - rank(other, authority));
        assert.equal(table.selectVirtualHost(authority)?.name, ranked[0], authority);
      }
    }),
    { numRuns: 1_000 },
  );
});
