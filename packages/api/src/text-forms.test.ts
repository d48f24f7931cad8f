import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDurationMs } from './duration.ts';
import {
  compareHosts,
  hostIsWithin,
  hostsOverlap,
  intersectHosts,
  mostSpecificHost,
  resolveHost,
} from './host.ts';
import { isIpOrCidr, isIpv6 } from './ip-address.ts';
import { matchesRequirements, matchesSelector } from './labels.ts';
import { type DeclaredPort, selectProtocol } from './port-protocol.ts';
import { parseQuantity } from './quantity.ts';
import { matchesFields, parseFieldSelector, parseLabelSelector } from './selector-text.ts';

fc.configureGlobal({ seed: 20_261_121 });

describe('hosts', () => {
  for (const [host, full] of [
    ['reviews', 'reviews.prod.svc.cluster.local'],
    ['reviews.other', 'reviews.other'],
    ['*', '*'],
    ['10.0.0.1', '10.0.0.1'],
    ['::1', '::1'],
  ] as const)
    test(`${host} in prod means ${full}`, () => assert.equal(resolveHost(host, 'prod'), full));

  for (const [host, pattern, inside] of [
    ['a.b.com', '*.b.com', true],
    ['b.com', '*.b.com', false],
    ['*.a.b.com', '*.b.com', true],
    ['*.b.com', '*.a.b.com', false],
    ['*.b.com', 'a.b.com', false],
    ['x', '*', true],
    ['*', '*', true],
  ] as const)
    test(`${host} ${inside ? 'is' : 'is not'} within ${pattern}`, () =>
      assert.equal(hostIsWithin(host, pattern), inside));

  test('the narrowest candidate wins', () => {
    const candidates = ['*', '*.com', 'a.b.com', '*.b.com'];
    assert.equal(mostSpecificHost('a.b.com', candidates), 'a.b.com');
    assert.equal(mostSpecificHost('c.b.com', candidates), '*.b.com');
    assert.equal(mostSpecificHost('c.org', ['*.com']), undefined);
    assert.deepEqual(candidates.toSorted(compareHosts), ['a.b.com', '*.b.com', '*.com', '*']);
  });

  test('an intersection lies within both sides, whichever comes first', () => {
    const label = fc.constantFrom('a', 'b', 'com');
    const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((all) => all.join('.'));
    const host = fc.oneof(
      name,
      name.map((one) => `*.${one}`),
      fc.constant('*'),
    );
    fc.assert(
      fc.property(host, host, (a, b) => {
        const both = intersectHosts(a, b);
        assert.equal(both, intersectHosts(b, a));
        assert.equal(both !== undefined, hostsOverlap(a, b));
        if (both !== undefined) assert.ok(hostIsWithin(both, a) && hostIsWithin(both, b));
      }),
    );
  });
});

describe('durations', () => {
  for (const [text, ms] of [
    ['1h2m3.5s', 3_723_500],
    ['7s', 7_000],
    ['0.5s', 500],
    ['.5s', 500],
    ['250ms', 250],
    ['-1m', -60_000],
    ['0', 0],
    ['5', undefined],
    ['', undefined],
    ['1d', undefined],
    ['1s2', undefined],
    ['s', undefined],
  ] as const)
    test(`"${text}" is ${ms}`, () => assert.equal(parseDurationMs(text), ms));
});

describe('quantities', () => {
  for (const [text, value] of [
    ['100m', 0.1],
    ['1Gi', 1_073_741_824],
    ['2', 2],
    ['1e3', 1_000],
    ['1E', 1e18],
    ['5M', 5_000_000],
    ['', undefined],
    ['1Kib', undefined],
  ] as const)
    test(`"${text}" is ${value}`, () => assert.equal(parseQuantity(text), value));
});

describe('addresses', () => {
  for (const [text, valid] of [
    ['10.0.0.0/8', true],
    ['10.0.0.0/33', false],
    ['256.0.0.1', false],
    ['2001:db8::/32', true],
    ['::ffff:1.2.3.4', true],
    ['1:2:3:4:5:6:7', false],
    ['1::2::3', false],
    ['a.b', false],
  ] as const)
    test(`${text} is ${valid ? 'an' : 'no'} address`, () => assert.equal(isIpOrCidr(text), valid));

  test('a lone :: is an address, a colon is not', () => {
    assert.ok(isIpv6('::'));
    assert.ok(!isIpv6(':'));
  });
});

describe('protocol selection', () => {
  const cases: readonly (readonly [DeclaredPort, string])[] = [
    [{ port: 80, name: 'http-web' }, 'HTTP'],
    [{ port: 80, name: 'http' }, 'HTTP'],
    [{ port: 80, name: 'httpx' }, 'Auto'],
    [{ port: 80, name: 'grpc-web-x' }, 'GRPC-Web'],
    [{ port: 80, name: 'GRPC-x' }, 'GRPC'],
    [{ port: 80, name: 'http', appProtocol: 'tcp' }, 'TCP'],
    [{ port: 80, name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'HTTP2'],
    [{ port: 80, name: 'http', appProtocol: 'example.com/x' }, 'Auto'],
    [{ port: 3306 }, 'TCP'],
    [{ port: 9080 }, 'Auto'],
    [{ port: 53, name: 'dns', protocol: 'UDP' }, 'UDP'],
    [{ port: 1, name: 'constructor' }, 'Auto'],
  ];
  for (const [port, protocol] of cases)
    test(`${JSON.stringify(port)} is ${protocol}`, () =>
      assert.equal(selectProtocol(port), protocol));
});

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', n: '5' };
  for (const [text, selected] of [
    ['', true],
    ['app=web', true],
    ['app==web,tier=front', true],
    ['app!=web', false],
    ['other!=x', true],
    ['app in (db, web)', true],
    ['app notin (db,web)', false],
    ['tier', true],
    ['!tier', false],
    ['!other', true],
    ['n>4', true],
    ['n<5', false],
    ['istio.io/rev in (), app', false],
  ] as const)
    test(`"${text}" ${selected ? 'selects' : 'does not select'}`, () => {
      const { value } = parseLabelSelector(text);
      assert.ok(value !== undefined);
      assert.equal(matchesRequirements(value, labels), selected);
    });

  for (const text of ['a=b=c', 'a in (b', '=x', 'a>b', 'a b', ',', 'a=$'])
    test(`"${text}" is refused`, () => {
      const { value, diagnostics } = parseLabelSelector(text);
      assert.equal(value, undefined);
      assert.equal(diagnostics.length, 1);
    });

  test('a selector object needs all of its parts', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn' as const, values: ['back'] }],
    };
    assert.ok(matchesSelector(selector, labels));
    assert.ok(!matchesSelector(selector, { ...labels, tier: 'back' }));
    assert.ok(matchesSelector({}, undefined));
    assert.ok(!matchesSelector({ matchLabels: { toString: 'x' } }, {}));
  });
});

test('field selectors compare what is at the path', () => {
  const pod = { metadata: { name: 'a' }, status: { phase: 'Running' } };
  const { value = [] } = parseFieldSelector('metadata.name=a,status.phase!=Pending,spec.x=');
  assert.equal(value.length, 3);
  assert.ok(matchesFields(value, pod));
  assert.ok(!matchesFields(value, { ...pod, status: { phase: 'Pending' } }));
  assert.equal(parseFieldSelector('nonsense').value, undefined);
});

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseLabelSelector(text);
      parseFieldSelector(text);
      parseDurationMs(text);
      parseQuantity(text);
      isIpOrCidr(text);
      selectProtocol({ port: 1, name: text, appProtocol: text });
    }),
  );
});
