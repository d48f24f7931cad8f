import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookinfoMesh } from '../testing/fixture-mesh.ts';
import { graphOf } from '../testing/fixture-traffic.ts';
import { addPath, pathIds } from './path-picture.ts';

const graph = graphOf(bookinfoMesh, new URLSearchParams());

test('lines on the way say what part of the explained request they take, others what is sent', () => {
  const path = {
    source: 'productpage',
    ways: [
      { source: 'productpage', target: 'reviews-v2', percent: 90 },
      { source: 'productpage', target: 'reviews-v3', percent: 10 },
    ],
  };
  const shown = addPath(graph, path);
  const shareOf = (id: string): number | undefined =>
    shown.edges.find((edge) => edge.id === id)?.share;
  assert.equal(shareOf('productpage|reviews-v2|http'), 0.9);
  // Nothing was sent there yet.
  assert.equal(shareOf('productpage|reviews-v3|http'), 0.1);
  assert.equal(
    shareOf('productpage|reviews-v1|http'),
    graph.edges.find(({ id }) => id === 'productpage|reviews-v1|http')?.share,
  );
  assert.deepEqual([...pathIds(shown, path)].sort(), [
    'productpage',
    'productpage|reviews-v2|http',
    'productpage|reviews-v3|http',
    'reviews-v2',
    'reviews-v3',
  ]);
});
