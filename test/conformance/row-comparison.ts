import { isDeepStrictEqual } from 'node:util';
import { formatDiagnostic } from '@lateen/base';
import type { Simulation } from '@lateen/simulation';
import { clusterOf } from './cluster-shorthand.ts';
import { configuredFacts } from './configured-resources.ts';
import type { Expectation, Row } from './table.ts';

type Comparison = readonly [actual: unknown, expected: unknown];
type Facts = Readonly<Record<string, unknown>>;

/** What a row sees and what it wants, where they differ. */
export interface Mismatch {
  readonly actual: Facts;
  readonly expected: Facts;
}

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
    endpoints: first?.endpoints.map(({ address }) => address).toSorted(),
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

/** What is wrong with the objects that an answer stands on, each as a line. */
export const refusalsOf = ({ diagnostics }: Simulation): readonly string[] =>
  diagnostics.filter(({ severity }) => severity === 'error').map(formatDiagnostic);

/** Objects that are refused answer nothing: a row about them says so. */
const refusalFacts = (row: Row, answer: Simulation): Comparison => {
  const refusals = refusalsOf(answer);
  const { refused } = row.expect;
  if (refused === undefined) return [refusals, []];
  const isSaid = new RegExp(refused).test(refusals.join('\n'));
  return [isSaid ? refused : refusals, refused];
};

/** Holds an answer against what a row expects; undefined: it is as expected. */
export const compareRow = (
  row: Row,
  answer: Simulation | string,
  mode: 'REDIRECT' | 'NONE',
): Mismatch | undefined => {
  if (typeof answer === 'string' || row.expect.error !== undefined) {
    const actual = typeof answer === 'string' ? answer : undefined;
    return actual === row.expect.error
      ? undefined
      : { actual: { error: actual }, expected: { error: row.expect.error } };
  }
  const comparisons: Record<string, Comparison> = {
    refused: refusalFacts(row, answer),
    ...simpleFacts(row, answer),
    ...destinationFacts(row, answer),
    ...headerFacts(row, answer),
    ...(row.expect.listener &&
      mode === 'REDIRECT' && { listener: [answer.listener, row.expect.listener] }),
    ...configuredFacts(row, answer, mode),
  };
  const different = Object.entries(comparisons).filter(
    ([, [actual, expected]]) => !isDeepStrictEqual(actual, expected),
  );
  if (different.length === 0) return undefined;
  return {
    actual: Object.fromEntries(different.map(([key, [actual]]) => [key, actual])),
    expected: Object.fromEntries(different.map(([key, [, expected]]) => [key, expected])),
  };
};
