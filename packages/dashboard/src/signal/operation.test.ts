import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortOperation } from './operation.ts';

const rows: readonly (readonly [string, string])[] = [
  ['reviews.default.svc.cluster.local:9080/*', 'reviews.default:9080/*'],
  [
    'productpage.default.svc.cluster.local:9080/productpage',
    'productpage.default:9080/productpage',
  ],
  ['router outbound|80||a.b.svc.cluster.local egress', 'router outbound|80||a.b egress'],
  ['api.books.example:80/*', 'api.books.example:80/*'],
  ['GET /svc.cluster.localised', 'GET /svc.cluster.localised'],
];

for (const [name, expected] of rows) test(name, () => assert.equal(shortOperation(name), expected));
