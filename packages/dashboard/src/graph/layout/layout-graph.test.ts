import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layoutGraph } from './layout-graph.ts';
import type { LayoutEdge, LayoutNode, Rect } from './layout-input.ts';

fc.configureGlobal({ seed: 20_261_121 });

const node = (id: string, area = 'default', box?: string): LayoutNode => ({
  id,
  width: 150,
  height: 48,
  area,
  ...(box === undefined ? {} : { box }),
});

const edges = (...pairs: readonly (readonly [string, string])[]): LayoutEdge[] =>
  pairs.map(([source, target]) => ({ id: `${source}>${target}`, source, target }));

const bookinfo = {
  nodes: [
    node('ingress', 'istio-system'),
    node('productpage'),
    node('details'),
    node('reviews-v1', 'default', 'reviews'),
    node('reviews-v2', 'default', 'reviews'),
    node('reviews-v3', 'default', 'reviews'),
    node('ratings'),
  ],
  edges: edges(
    ['ingress', 'productpage'],
    ['productpage', 'details'],
    ['productpage', 'reviews-v1'],
    ['productpage', 'reviews-v2'],
    ['reviews-v2', 'ratings'],
    ['reviews-v3', 'ratings'],
  ),
};

const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const overlaps = (rects: readonly Rect[]): number =>
  rects.reduce(
    (count, rect, index) =>
      count + rects.slice(index + 1).filter((other) => overlap(rect, other)).length,
    0,
  );

const rectsOf = (nodes: readonly LayoutNode[], layout: ReturnType<typeof layoutGraph>): Rect[] =>
  nodes.map(({ id, width, height }) => {
    const at = layout.nodes.get(id);
    assert.ok(at, `${id} has a place`);
    return { x: at.x - width / 2, y: at.y - height / 2, width, height };
  });

test('callers stand left of what they call', () => {
  const { nodes } = layoutGraph(bookinfo);
  const x = (id: string): number => nodes.get(id)?.x ?? Number.NaN;
  assert.ok(x('ingress') < x('productpage'));
  assert.ok(x('productpage') < x('reviews-v1'));
  assert.ok(x('reviews-v2') < x('ratings'));
  assert.equal(x('reviews-v1'), x('reviews-v3'));
});

test('versions of an app stand in one box, in their order', () => {
  const { nodes, boxes } = layoutGraph(bookinfo);
  const ys = ['reviews-v1', 'reviews-v2', 'reviews-v3'].map((id) => nodes.get(id)?.y ?? 0);
  assert.deepEqual(
    ys,
    ys.toSorted((a, b) => a - b),
  );
  assert.equal(boxes.length, 1);
  const [box] = boxes;
  for (const y of ys) assert.ok(box && y > box.y && y < box.y + box.height);
});

test('frames of namespaces hold their nodes and nothing else', () => {
  const layout = layoutGraph(bookinfo);
  assert.deepEqual(layout.areas.map(({ id }) => id).sort(), ['default', 'istio-system']);
  assert.equal(overlaps(layout.areas), 0);
});

test('the same input gives the same picture, and the old order is kept', () => {
  const first = layoutGraph(bookinfo);
  assert.deepEqual(layoutGraph(bookinfo), first);
  const again = layoutGraph({ ...bookinfo, previous: first.nodes });
  assert.deepEqual([...again.nodes.keys()], [...first.nodes.keys()]);
});

test('a circle, a call to oneself and an unknown end do no harm', () => {
  const layout = layoutGraph({
    nodes: [node('a'), node('b'), node('c')],
    edges: edges(['a', 'b'], ['b', 'c'], ['c', 'a'], ['a', 'a'], ['a', 'nowhere']),
  });
  assert.equal(layout.nodes.size, 3);
  assert.equal(overlaps(rectsOf([node('a'), node('b'), node('c')], layout)), 0);
});

test('what no line leads to stands in a block', () => {
  const nodes = Array.from({ length: 9 }, (_, index) => node(`n${index}`));
  const layout = layoutGraph({ nodes, edges: [] });
  assert.equal(overlaps(rectsOf(nodes, layout)), 0);
  assert.equal(new Set([...layout.nodes.values()].map(({ x }) => x)).size, 3);
});

test('an empty graph has an empty picture', () => {
  const layout = layoutGraph({ nodes: [], edges: [] });
  assert.equal(layout.nodes.size, 0);
  assert.deepEqual(layout.bounds, { x: 0, y: 0, width: 0, height: 0 });
});

const graphs = (most: number) =>
  fc.integer({ min: 1, max: most }).chain((count) =>
    fc.record({
      nodes: fc.constant(
        Array.from({ length: count }, (_, index) => node(`n${index}`, `ns${index % 5}`)),
      ),
      edges: fc.array(
        fc
          .tuple(fc.nat(count - 1), fc.nat(count - 1))
          .map(([a, b]) => ({ id: `${a}>${b}`, source: `n${a}`, target: `n${b}` })),
        { maxLength: count * 3 },
      ),
    }),
  );

test('nodes never cover each other and frames never overlap, in small graphs and in large ones', () => {
  fc.assert(
    fc.property(graphs(110), (input) => {
      const layout = layoutGraph(input);
      assert.equal(overlaps(rectsOf(input.nodes, layout)), 0);
      assert.equal(overlaps(layout.areas), 0);
    }),
    { numRuns: 60 },
  );
});

test('clusters stand apart', () => {
  const nodes = ['east', 'west'].flatMap((region) =>
    ['a', 'b'].map(
      (name): LayoutNode => ({ ...node(`${region}-${name}`, `${region}/default`), region }),
    ),
  );
  const layout = layoutGraph({ nodes, edges: edges(['east-a', 'west-b'], ['west-a', 'west-b']) });
  assert.deepEqual(layout.regions.map(({ id }) => id).sort(), ['east', 'west']);
  assert.equal(overlaps(layout.regions), 0);
});

test('three clusters stand side by side rather than in a tower', () => {
  const regions = ['east', 'north', 'west'];
  const nodes = [
    ...regions.flatMap((region) =>
      bookinfo.nodes.map(
        ({ id, area, ...rest }): LayoutNode => ({
          ...rest,
          id: `${region}/${id}`,
          area: `${region}/${area}`,
          region,
          ...(rest.box === undefined ? {} : { box: `${region}/${rest.box}` }),
        }),
      ),
    ),
    { id: 'outside', width: 150, height: 48 },
  ];
  const lines = regions.flatMap((region) =>
    bookinfo.edges.map(({ source, target }) => ({
      id: `${region} ${source} ${target}`,
      source: `${region}/${source}`,
      target: `${region}/${target}`,
    })),
  );
  const across = edges(['east/productpage', 'west/reviews-v1'], ['north/details', 'outside']);
  const layout = layoutGraph({ nodes, edges: [...lines, ...across] });
  assert.equal(layout.nodes.size, nodes.length);
  assert.equal(overlaps(rectsOf(nodes, layout)), 0);
  assert.equal(overlaps(layout.regions), 0);
  const { width, height } = layout.bounds;
  assert.ok(width / height > 1, `${width} x ${height}`);
  for (const { x, y, width: w, height: h } of layout.areas) {
    const inside = layout.regions.filter(
      (region) =>
        x > region.x &&
        y > region.y &&
        x + w < region.x + region.width &&
        y + h < region.y + region.height,
    );
    assert.equal(inside.length, 1);
  }
});
