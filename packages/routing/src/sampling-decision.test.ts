import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  packTraceReason,
  readTraceReason,
  type SampledRequest,
  sampleRequest,
  type TraceReason,
} from './sampling-decision.ts';

/** Number of this id: 0x00001388 = 5000, the middle. */
const middle = '00001388-0000-4000-8000-000000000000';
const first = '00000000-0000-4000-8000-000000000000';
const all = 1_000_000;

const rows: readonly {
  readonly name: string;
  readonly request?: Partial<SampledRequest>;
  readonly rates?: Partial<{ client: number; random: number; overall: number }>;
  readonly usesRequestId?: boolean;
  readonly rolls?: number;
  readonly expected: TraceReason;
}[] = [
  { name: 'all', expected: 'sampling' },
  { name: 'none', rates: { random: 0 }, expected: 'not-traceable' },
  { name: 'a share below', rates: { random: 500_000 }, expected: 'not-traceable' },
  { name: 'a share above', rates: { random: 500_100 }, expected: 'sampling' },
  {
    name: 'the smallest share takes the first number',
    request: { requestId: first },
    rates: { random: 100 },
    expected: 'sampling',
  },
  {
    name: 'forced by a service',
    request: { isForced: true },
    rates: { random: 0 },
    expected: 'service-forced',
  },
  {
    name: 'forced, but the bound for all is 0',
    request: { isForced: true },
    rates: { overall: 0 },
    expected: 'not-traceable',
  },
  {
    name: 'asked for by a client',
    request: { hasClientTraceId: true },
    rates: { random: 0 },
    expected: 'client-forced',
  },
  {
    name: 'asked for by a client, drawn out',
    request: { hasClientTraceId: true },
    rates: { random: 0, client: 300_000 },
    rolls: 300_000,
    expected: 'not-traceable',
  },
  {
    name: 'an earlier proxy decided',
    request: { requestId: packTraceReason(middle, 'client-forced') },
    rates: { random: 0 },
    expected: 'client-forced',
  },
  {
    name: 'an earlier proxy decided, the bound for all stands',
    request: { requestId: packTraceReason(middle, 'sampling') },
    rates: { overall: 400_000 },
    expected: 'not-traceable',
  },
  { name: 'no request id', request: { requestId: undefined }, expected: 'not-traceable' },
  { name: 'a short request id', request: { requestId: 'abc' }, expected: 'not-traceable' },
  { name: 'no number', request: { requestId: 'my-request-0001' }, expected: 'not-traceable' },
  {
    name: 'a number of another form can be drawn',
    request: { requestId: '00001388' },
    expected: 'sampling',
  },
  {
    name: 'the request id does not count',
    request: { requestId: undefined },
    usesRequestId: false,
    rates: { random: 0 },
    expected: 'sampling',
  },
];

for (const row of rows) {
  test(`sampling: ${row.name}`, () => {
    const request = { requestId: middle, hasClientTraceId: false, isForced: false, ...row.request };
    const settings = { usesRequestId: row.usesRequestId ?? true };
    const rates = { client: all, random: all, overall: all, ...row.rates };
    const reason = sampleRequest(request, settings, rates, () => row.rolls ?? 0);
    assert.equal(reason, row.expected);
  });
}

test('the reason is in the digit that Envoy keeps it in, and only in ids of its form', () => {
  const digits = (['sampling', 'service-forced', 'client-forced', 'not-traceable'] as const).map(
    (reason) => {
      const packed = packTraceReason(middle, reason);
      assert.equal(readTraceReason(packed), reason);
      return packed[14];
    },
  );
  assert.deepEqual(digits, ['a', '9', 'b', '4']);
  assert.equal(packTraceReason('abc', 'sampling'), 'abc');
  assert.equal(readTraceReason('x'.repeat(14).concat('a')), 'not-traceable');
});
