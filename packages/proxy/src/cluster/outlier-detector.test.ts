import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutlierDetection } from '@lateen/routing';
import { endpointsOf } from '../testing/endpoints.ts';
import type { Endpoint } from './endpoint.ts';
import { OutlierDetector } from './outlier-detector.ts';

const settings: OutlierDetection = {
  consecutive5xx: 5,
  enforcingConsecutive5xx: 100,
  consecutiveGatewayFailure: 0,
  enforcingConsecutiveGatewayFailure: 0,
  splitExternalLocalOriginErrors: false,
  consecutiveLocalOriginFailure: 5,
  enforcingConsecutiveLocalOriginFailure: 100,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 10,
  enforcingSuccessRate: 0,
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1900,
  failurePercentageThreshold: 85,
  enforcingFailurePercentage: 0,
  failurePercentageMinimumHosts: 5,
  failurePercentageRequestVolume: 50,
};

const detect = (over: Partial<OutlierDetection>, count = 10) => {
  const all = endpointsOf(count);
  let overflows = 0;
  const detector = new OutlierDetector({ ...settings, ...over }, () => 0, {
    onChange: () => undefined,
    onOverflow: () => {
      overflows++;
    },
  });
  return {
    all,
    detector,
    ejected: () => all.flatMap(({ isEjected }, at) => (isEjected ? [at] : [])),
    overflows: () => overflows,
    /** `5`: status 500, `g`: 503, `l`: local failure, `t`: time-out, `c`: connected, `.`: 200. */
    report: (endpoint: Endpoint, text: string, nowMs = 0) => {
      for (const letter of text) {
        const local = { l: 'local-failure', t: 'timeout', c: 'connected' } as const;
        const kind = local[letter as keyof typeof local];
        const status = { '5': 500, g: 503 }[letter] ?? 200;
        detector.report(endpoint, kind ? { kind } : { kind: 'status', status }, all, nowMs);
      }
    },
  };
};

test('what ends in an ejection', () => {
  const gateway = {
    consecutive5xx: 0,
    consecutiveGatewayFailure: 3,
    enforcingConsecutiveGatewayFailure: 100,
  };
  const split = { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailure: 2 };
  const rows: readonly [Partial<OutlierDetection>, string, boolean][] = [
    [{}, '55555', true],
    [{}, '5555', false],
    [{}, '5555.5', false],
    [{}, 'lltg5', true],
    [{}, 'llllcl', false],
    [gateway, '555555', false],
    [gateway, 'gg5g', false],
    [gateway, 'ggg', true],
    [gateway, 'tlg', true],
    [split, 'll', true],
    [split, 'tl', true],
    [split, 'lcl', false],
    [split, 'l.l', false],
    [split, 'l55555', true],
    // A local failure says nothing about what the server answers.
    [split, '5555l5', true],
    [{ consecutive5xx: 0 }, '5555555555', false],
    [{ enforcingConsecutive5xx: 0 }, '5555555555', false],
  ];
  for (const [over, text, expected] of rows) {
    const { all, report } = detect(over);
    report(all[0] as Endpoint, text);
    assert.equal(all[0]?.isEjected, expected, `${JSON.stringify(over)} ${text}`);
  }
});

test('as many are out as the percentage allows, at least one', () => {
  const rows: readonly [number, number, number][] = [
    // Percent, endpoints, most ejected: Envoy looks at what is out before.
    [10, 10, 1],
    [10, 3, 1],
    [1, 2, 1],
    [50, 3, 2],
    [50, 4, 2],
    [100, 4, 4],
    [0, 4, 0],
  ];
  for (const [maxEjectionPercent, count, expected] of rows) {
    const { all, report, ejected, overflows } = detect({ maxEjectionPercent }, count);
    for (const endpoint of all) report(endpoint, '55555');
    assert.equal(ejected().length, expected, `${maxEjectionPercent} % of ${count}`);
    assert.equal(overflows(), count - expected);
  }
});

test('time out of service grows with each ejection up to the cap, and shrinks in service', () => {
  const { all, detector, report } = detect({});
  const [endpoint] = all as [Endpoint];
  const outMs: number[] = [];
  let now = 0;
  const eject = (): void => {
    const from = now;
    report(endpoint, '55555', now);
    assert.ok(endpoint.isEjected);
    while (endpoint.isEjected) {
      now += 10_000;
      detector.sweep(all, now);
    }
    outMs.push(now - from);
  };
  for (let at = 0; at < 12; at++) eject();
  const minutes = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5, 5];
  assert.deepEqual(
    outMs,
    minutes.map((minute) => minute * 60_000),
  );
  // Eleven intervals in service forgive eleven steps.
  for (let at = 0; at < 11; at++) {
    now += 10_000;
    detector.sweep(all, now);
  }
  outMs.length = 0;
  eject();
  assert.deepEqual(outMs, [30_000]);
});

test('sweeps once in an interval however often it is called', () => {
  const { all, detector, report } = detect({ baseEjectionTimeMs: 1000 });
  const [endpoint] = all as [Endpoint];
  report(endpoint, '55555', 0);
  for (let now = 1000; now < 10_000; now += 1000) detector.sweep(all, now);
  assert.ok(endpoint.isEjected);
  detector.sweep(all, 10_000);
  assert.ok(!endpoint.isEjected);
});
