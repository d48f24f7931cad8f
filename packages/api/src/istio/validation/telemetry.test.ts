import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { validateIstioObject } from './istio-object.ts';

const celProblem = (expression: string): string | undefined =>
  expression.endsWith('>') ? 'nothing to compare with' : undefined;

/** `severity path` of each finding. */
const found = (spec: string): readonly string[] =>
  validateIstioObject(
    {
      apiVersion: 'telemetry.istio.io/v1',
      kind: 'Telemetry',
      metadata: { name: 'a' },
      spec: parse(spec),
    } as never,
    { celProblem },
  ).map(({ severity, path }) => `${severity} ${path}`);

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['{ accessLogging: [{ filter: { expression: response.code >= 400 } }, { disabled: true }] }', []],
  [
    "{ accessLogging: [{ filter: { expression: 'response.code >' } }, { filter: {} }] }",
    [
      'error spec.accessLogging[0].filter.expression',
      'error spec.accessLogging[1].filter.expression',
    ],
  ],
  [
    "{ metrics: [{ overrides: [{ tagOverrides: { a: { value: 'x >' }, b: { operation: REMOVE }, c: { value: request.host } } }] }] }",
    ['warning spec.metrics[0].overrides[0].tagOverrides.a.value'],
  ],
  [
    '{ metrics: [{ overrides: [{ tagOverrides: { a: {}, b: { operation: REMOVE, value: x } } }] }] }',
    [
      'error spec.metrics[0].overrides[0].tagOverrides.a.value',
      'error spec.metrics[0].overrides[0].tagOverrides.b.value',
    ],
  ],
  [
    '{ tracing: [{ providers: [{ name: a }, { name: b }], customTags: { t: {} } }, {}] }',
    ['error spec.tracing', 'error spec.tracing[0].providers', 'error spec.tracing[0].customTags.t'],
  ],
  [
    '{ selector: { matchLabels: { app: a } }, targetRefs: [{ kind: Gateway, name: g }] }',
    ['error spec'],
  ],
  [
    '{ tracing: [{ randomSamplingPercentage: 101 }] }',
    ['error spec.tracing[0].randomSamplingPercentage'],
  ],
];
for (const [spec, expected] of cases)
  test(`Telemetry ${spec}`, () => {
    assert.deepEqual(found(spec), expected);
  });
