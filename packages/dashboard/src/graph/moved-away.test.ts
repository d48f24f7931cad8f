import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphEdge } from '@lateen/telemetry/contract';
import { edgeOf } from '../testing/fixture-mesh.ts';
import { dropMovedAway } from './moved-away.ts';

const edge = (from: string, to: string, host: string, silentMs: number): GraphEdge => ({
  ...edgeOf({ from, to, rate: 1 }, 0, 60),
  hosts: [host],
  lastActiveMs: 1_000_000 - silentMs,
});

const rows = [
  {
    name: 'traffic that a sibling has now',
    edges: [edge('page', 'v1', 'reviews', 0), edge('page', 'v2', 'reviews', 15_000)],
    left: ['page>v1'],
  },
  {
    name: 'what it caused further on',
    edges: [
      edge('page', 'v1', 'reviews', 0),
      edge('page', 'v2', 'reviews', 15_000),
      edge('v2', 'ratings', 'ratings', 15_000),
    ],
    left: ['page>v1'],
  },
  {
    name: 'but not while others cause it',
    edges: [
      edge('page', 'v1', 'reviews', 0),
      edge('page', 'v2', 'reviews', 15_000),
      edge('test', 'v2', 'v2', 0),
      edge('v2', 'ratings', 'ratings', 15_000),
    ],
    left: ['page>v1', 'test>v2', 'v2>ratings'],
  },
  {
    name: 'not a pause of a moment',
    edges: [edge('page', 'v1', 'reviews', 0), edge('page', 'v2', 'reviews', 5000)],
    left: ['page>v1', 'page>v2'],
  },
  {
    name: 'not calls of another host',
    edges: [edge('page', 'v1', 'reviews', 0), edge('page', 'details', 'details', 40_000)],
    left: ['page>v1', 'page>details'],
  },
  {
    name: 'nothing when everything is silent',
    edges: [edge('page', 'v1', 'reviews', 40_000), edge('page', 'v2', 'reviews', 40_000)],
    left: ['page>v1', 'page>v2'],
  },
];

for (const { name, edges, left } of rows) {
  test(`moved away: ${name}`, () => {
    const kept = dropMovedAway(edges).map(({ source, target }) => `${source}>${target}`);
    assert.deepEqual(kept, left);
  });
}
