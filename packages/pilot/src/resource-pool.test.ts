import assert from 'node:assert/strict';
import { it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { createResource, type Resource, typeUrls } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ResourcePool } from './resource-pool.ts';

const cluster = (altStatName: string): Resource =>
  createResource(
    typeUrls.cluster,
    'c',
    ClusterSchema,
    create(ClusterSchema, { name: 'c', altStatName }),
  );

it('a pool shares equal resources, over two pushes and no longer', () => {
  const pool = new ResourcePool();
  const first = pool.share(cluster('a'));
  assert.equal(pool.share(cluster('a')), first);
  assert.notEqual(pool.share(cluster('b')), first);
  pool.rotate();
  assert.equal(pool.share(cluster('a')), first);
  pool.rotate();
  pool.rotate();
  assert.notEqual(pool.share(cluster('a')), first);
});
