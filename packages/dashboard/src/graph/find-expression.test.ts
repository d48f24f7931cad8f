import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookinfoMesh, edgeOf } from '../testing/fixture-mesh.ts';
import { findExamples } from './find-examples.ts';
import { type FindError, parseFind } from './find-expression.ts';

const nodes = bookinfoMesh.nodes;
const edges = bookinfoMesh.flows.map((flow) => edgeOf(flow, 0, 60));

const find = (expression: string): string[] => {
  const parsed = parseFind(expression);
  assert.ok(parsed.ok, `${expression} can be read`);
  return [
    ...nodes.filter((node) => parsed.matches({ type: 'node', node })).map(({ id }) => id),
    ...edges
      .filter((edge) => parsed.matches({ type: 'edge', edge }))
      .map(({ source, target }) => `${source}>${target}`),
  ].sort();
};

const rows: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['  ', []],
  ['rating', ['ratings']],
  ['name = reviews', ['reviews-v1', 'reviews-v2', 'reviews-v3']],
  ['name = reviews and version = v2', ['reviews-v2']],
  ['name^=detail', ['details']],
  ['name *= "gateway"', ['istio-ingressgateway']],
  ['namespace=data or idle', ['mongodb', 'reviews-v3']],
  ['protocol = tcp', ['ratings>mongodb']],
  ['%error > 5', ['reviews-v2>ratings']],
  ['rps > 12', ['istio-ingressgateway>productpage', 'productpage>details']],
  ['rps>12 && rt < 20', ['productpage>details']],
  ['!mtls', ['details>api.books.example']],
  ['not (name = reviews or name *= a)', expectedWithoutA()],
  ['cb', ['mongodb']],
];

/** `not` around conditions of nodes: edges are not of that kind, so they are not named either way. */
function expectedWithoutA(): readonly string[] {
  return ['mongodb', ...edges.map(({ source, target }) => `${source}>${target}`), 'sleep'].sort();
}

for (const [expression, expected] of rows) {
  test(`find: ${expression || 'nothing'}`, () => assert.deepEqual(find(expression), [...expected]));
}

for (const { expression } of findExamples) {
  test(`find: the example ${expression} can be read`, () => assert.ok(parseFind(expression).ok));
}

const wrong: readonly (readonly [string, number, FindError])[] = [
  ['rps >', 5, 'value'],
  ['rps > much', 6, 'number'],
  ['rps', 3, 'operator'],
  ['name = a name = b', 9, 'end'],
  ['(idle', 5, 'parenthesis'],
  ['blue = 3', 0, 'word'],
  ['name > 3', 5, 'operator'],
  ['*', 0, 'word'],
  ['idle and', 8, 'word'],
];

for (const [expression, position, expected] of wrong) {
  test(`find: says where ${expression} is wrong`, () => {
    assert.deepEqual(parseFind(expression), { ok: false, position, expected });
  });
}
