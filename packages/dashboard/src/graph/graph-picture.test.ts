import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '@lateen/telemetry/contract';
import { bookinfoMesh } from '../testing/fixture-mesh.ts';
import { graphOf } from '../testing/fixture-traffic.ts';
import { drawGraph, layoutInput, layoutKey } from './graph-picture.ts';
import { type GraphSettings, defaultGraphSettings as settings } from './graph-settings.ts';

const hidesNothing = (): boolean => false;
const graph = graphOf(bookinfoMesh, new URLSearchParams());

const keyOf = (shown: Graph, chosen: GraphSettings = settings): string =>
  layoutKey(layoutInput(drawGraph(shown, chosen, hidesNothing), chosen));

test('other numbers move nothing', () => {
  const busier: Graph = {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      traffic: { ...node.traffic, inRequestsPerSecond: 123_456 },
    })),
    edges: graph.edges.map((edge) => ({ ...edge, requestsPerSecond: 987, errorShare: 0.5 })),
  };
  assert.equal(keyOf(busier), keyOf(graph));
});

test('another node, or frames switched off, places anew', () => {
  assert.notEqual(keyOf({ ...graph, nodes: graph.nodes.slice(1) }), keyOf(graph));
  assert.notEqual(keyOf(graph, { ...settings, showsFrames: false }), keyOf(graph));
});

test('a line whose end is hidden goes too', () => {
  const picture = drawGraph(
    graph,
    settings,
    (subject) => subject.type === 'node' && subject.node.id === 'ratings',
  );
  assert.ok(
    picture.edges.every(({ source, target }) => source !== 'ratings' && target !== 'ratings'),
  );
  assert.equal(picture.edges.length, graph.edges.length - 2);
});

const edgeNamed = (id: string, chosen: GraphSettings = settings) => {
  const edge = drawGraph(graph, chosen, hidesNothing).edges.find((each) => each.id === id);
  assert.ok(edge);
  return edge;
};

test('what stands on a line is what was chosen', () => {
  assert.match(edgeNamed('productpage|reviews-v1|http').label, /^\d[\d.]*\/s {2}49 %$/);
  assert.match(edgeNamed('productpage|details|http').label, /^\d[\d.]*\/s$/);
  const latency = { ...settings, labels: ['latency', 'errors'] as const };
  assert.match(edgeNamed('reviews-v2|ratings|http', latency).label, /ms$/);
  assert.match(edgeNamed('reviews-v2|ratings|http', latency).trouble, /^✕ 6\.\d %$/);
  const silent = { ...settings, labels: ['rate'] as const };
  assert.equal(edgeNamed('reviews-v2|ratings|http', silent).trouble, '');
  assert.match(edgeNamed('ratings|mongodb|tcp').label, /kB\/s$/);
});

test('colours say how it goes', () => {
  assert.equal(edgeNamed('productpage|details|http').tone, 'ok');
  assert.equal(edgeNamed('productpage|reviews-v2|http').tone, 'warn');
  assert.equal(edgeNamed('reviews-v2|ratings|http').tone, 'warn');
  assert.equal(edgeNamed('ratings|mongodb|tcp').tone, 'tcp');
  assert.equal(edgeNamed('details|api.books.example|http').isLocked, false);
  assert.equal(edgeNamed('productpage|details|http').isLocked, true);
});

test('a line is as red as what its answers make of the node behind it', () => {
  const toneOf = (errorShare: number, clientErrorShare: number): string => {
    const edges = graph.edges.map((edge) => ({ ...edge, errorShare, clientErrorShare }));
    const picture = drawGraph({ ...graph, edges }, settings, hidesNothing);
    return picture.edges.find(({ id }) => id === 'productpage|details|http')?.tone ?? '';
  };
  assert.equal(toneOf(0, 0), 'ok');
  assert.equal(toneOf(0.09, 0), 'warn');
  assert.equal(toneOf(0.1, 0), 'bad');
  assert.equal(toneOf(0, 0.09), 'ok');
  assert.equal(toneOf(0, 0.1), 'warn');
  assert.equal(toneOf(0, 0.2), 'bad');
});

test('versions of an app are equally wide', () => {
  const nodes = drawGraph(graph, settings, hidesNothing).nodes;
  const widths = nodes.filter(({ node }) => node.name === 'reviews').map(({ width }) => width);
  assert.equal(widths.length, 3);
  assert.equal(new Set(widths).size, 1);
});
