import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookinfoMesh } from '../../testing/fixture-mesh.ts';
import { graphOf } from '../../testing/fixture-traffic.ts';
import { drawGraph, layoutInput } from '../graph-picture.ts';
import { defaultGraphSettings as settings } from '../graph-settings.ts';
import { layoutGraph } from '../layout/layout-graph.ts';
import { labelFontSize, placeLabels } from './label-places.ts';
import { buildScene, type Scene } from './scene.ts';

const sceneOf = (timesBusier: number): Scene => {
  const graph = graphOf(bookinfoMesh, new URLSearchParams());
  const edges = graph.edges.map((edge) => ({
    ...edge,
    requestsPerSecond: edge.requestsPerSecond * timesBusier,
  }));
  const picture = drawGraph({ ...graph, edges }, settings, () => false);
  return buildScene(picture, layoutGraph(layoutInput(picture, settings)));
};

test('labels stand off each other and off nodes', () => {
  const scene = sceneOf(1);
  const size = labelFontSize(0.7);
  const places = [...placeLabels(scene, scene.edges, size).values()];
  assert.equal(places.length, scene.edges.length);
  for (const [index, a] of places.entries()) {
    for (const b of places.slice(index + 1))
      assert.ok(Math.abs(a.x - b.x) > size * 2 || Math.abs(a.y - b.y) >= size * 1.5 - 0.01);
    for (const { x, y, width, height } of scene.nodes)
      assert.ok(a.x < x || a.x > x + width || a.y < y || a.y > y + height);
  }
});

test('nearly the same numbers leave labels where they are', () => {
  const [before, after] = [1, 1.02].map((busier) => {
    const scene = sceneOf(busier);
    return [...placeLabels(scene, scene.edges, 12)].map(([id, { x, y }]) => `${id} ${x} ${y}`);
  });
  assert.deepEqual(after, before);
});

test('without room what fails is what is said', () => {
  const scene = sceneOf(1);
  const [failing] = scene.edges.filter(({ picture }) => picture.trouble !== '');
  assert.ok(failing);
  const everywhere = { ...scene, nodes: scene.nodes.map((node) => ({ ...node, ...scene.bounds })) };
  const place = placeLabels(everywhere, [failing], 12).get(failing.picture.id);
  assert.deepEqual([place?.label, place?.trouble], ['', failing.picture.trouble]);
});

test('letters are large enough for the screen, and never too large for the picture', () => {
  assert.equal(labelFontSize(1), 12);
  assert.ok(labelFontSize(0.6) * 0.6 >= 10.3);
  assert.equal(labelFontSize(0.05), 22);
});
