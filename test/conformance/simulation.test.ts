/** Every row through translator and routing: what configuration and tables decide. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from '@lateen/base';
import type { Simulation } from '@lateen/simulation';
import { clusterOf } from './cluster-shorthand.ts';
import { simulatedAnswer } from './simulated-answer.ts';
import { allRows, type Expectation, type Row } from './table.ts';

type Comparison = readonly [actual: unknown, expected: unknown];
type Facts = Readonly<Record<string, unknown>>;

const destinationFacts = (row: Row, answer: Simulation): Record<string, Comparison> => {
  const { to } = row.expect;
  const shares = Object.fromEntries(
    answer.destinations.map(({ cluster, percent }) => [cluster, Math.round(percent * 1e4) / 1e4]),
  );
  if (to === undefined) return {};
  const wanted = typeof to === 'string' ? { [to]: 100 } : to;
  const expected = Object.entries(wanted).map(([name, share]) => [clusterOf(name, row.url), share]);
  return {
    to: [shares, Object.fromEntries(expected)],
    flags: [answer.responseFlags, row.expect.flags ?? []],
    status: [answer.status, row.expect.status ?? null],
  };
};

const faultFacts = ({ fault }: Simulation): Expectation['fault'] => ({
  ...(fault?.delay && { delayMs: fault.delay.ms, delayPercent: fault.delay.percent }),
  ...(fault?.abort && { abort: fault.abort.status, abortPercent: fault.abort.percent }),
});

const headerFacts = (row: Row, answer: Simulation): Record<string, Comparison> => {
  const { headers, responseHeaders } = row.expect;
  const [first] = answer.destinations;
  const changes = Object.fromEntries(
    (first?.requestHeaders ?? []).map(({ name, value }) => [name, value]),
  );
  const plan = Object.fromEntries(
    (first?.responseHeaders ?? []).map(({ name, value }) => [name, value]),
  );
  return {
    ...(headers && { headers: [changes, headers] }),
    ...(responseHeaders && { responseHeaders: [plan, responseHeaders] }),
  };
};

const simpleFacts = (row: Row, answer: Simulation): Record<string, Comparison> => {
  const { expect, url } = row;
  const [first] = answer.destinations;
  const actual: Facts = {
    virtualHost: answer.virtualHost,
    route: answer.route,
    rule: answer.origin?.rule,
    status: answer.status,
    flags: answer.responseFlags,
    redirect: answer.redirect?.location,
    body: answer.directResponse?.body,
    fault: faultFacts(answer),
    path: first?.path,
    authority: first?.authority,
    timeoutMs: answer.timeoutMs,
    retries: answer.retries?.attempts ?? 0,
    retryOn: [...(answer.retries?.retryOn ?? []), ...(answer.retries?.statusCodes ?? [])].join(','),
    hash: answer.hashPolicies,
    balancing: first?.loadBalancing,
    transport: first?.transport,
    pods: first?.endpoints.map(({ pod }) => pod.replace(/^default\//, '')).toSorted(),
    mirrors: Object.fromEntries(answer.mirrors.map(({ cluster, percent }) => [cluster, percent])),
  };
  const expected: Facts = {
    ...expect,
    ...(expect.mirrors && {
      mirrors: Object.fromEntries(
        Object.entries(expect.mirrors).map(([name, percent]) => [clusterOf(name, url), percent]),
      ),
    }),
  };
  return Object.fromEntries(
    Object.keys(actual)
      .filter((key) => expected[key] !== undefined)
      .map((key) => [key, [actual[key], expected[key]]]),
  );
};

/** Objects that are refused answer nothing: a row about them says so. */
const refusals = ({ diagnostics }: Simulation): readonly string[] =>
  diagnostics.filter(({ severity }) => severity === 'error').map(formatDiagnostic);

const compare = (row: Row, answer: Simulation, mode: string): void => {
  if (row.expect.refused !== undefined)
    assert.match(refusals(answer).join('\n'), new RegExp(row.expect.refused));
  else assert.deepEqual(refusals(answer), []);
  const comparisons: Record<string, Comparison> = {
    ...simpleFacts(row, answer),
    ...destinationFacts(row, answer),
    ...headerFacts(row, answer),
    ...(row.expect.listener &&
      mode === 'REDIRECT' && { listener: [answer.listener, row.expect.listener] }),
  };
  const pick = (side: 0 | 1): Facts =>
    Object.fromEntries(Object.entries(comparisons).map(([key, pair]) => [key, pair[side]]));
  assert.deepEqual(pick(0), pick(1));
};

for (const row of allRows()) {
  const modes = row.caller.kind === 'gateway' ? (['REDIRECT'] as const) : row.modes;
  test(row.name, () => {
    for (const mode of modes) {
      const answer = simulatedAnswer(row, mode);
      if (typeof answer === 'string' || row.expect.error !== undefined) {
        assert.equal(answer, row.expect.error);
      } else compare(row, answer, mode);
    }
  });
}
