import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo, parseRoute } from './route.ts';

test('a place survives being written and read', () => {
  const parts = ['default', 'a/b c%'];
  const route = parseRoute(linkTo('services', parts, { tab: 'x=y', empty: '', none: undefined }));
  assert.deepEqual(route, { page: 'services', parts, query: { tab: 'x=y' } });
});

for (const hash of ['', '#', '#/', '#/nowhere/at/all', '#//']) {
  test(`${hash || 'nothing'} is the graph`, () => {
    assert.deepEqual(parseRoute(hash), { page: 'graph', parts: [], query: {} });
  });
}

test('a broken escape is taken as it is', () => {
  assert.deepEqual(parseRoute('#/services/%zz').parts, ['%zz']);
});
