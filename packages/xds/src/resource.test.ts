import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import { MetadataSchema } from '../gen/envoy/config/core/v3/base_pb.js';
import { ListenerSchema } from '../gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';
import { HttpConnectionManagerSchema } from '../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { ResourceSchema } from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import { packAny, unpackAny } from './any.ts';
import { contentHash, unorderedHash } from './content-hash.ts';
import { loadTypeRegistry, messageToJson } from './message-json.ts';
import { createResource } from './resource.ts';
import { nameOfResource } from './resource-name.ts';
import { createSnapshot, diffSnapshots, resourcesOfType, withResourcesOfType } from './snapshot.ts';
import { checkConsistency } from './snapshot-consistency.ts';
import { typeUrls } from './type-url.ts';

const clusterResource = (name: string, altStatName = '') =>
  createResource(
    typeUrls.cluster,
    name,
    ClusterSchema,
    create(ClusterSchema, { name, altStatName, clusterDiscoveryType: { case: 'type', value: 3 } }),
  );

describe('createResource', () => {
  it('has one version for one content, in whatever order maps were filled', () => {
    const left = create(MetadataSchema, {
      filterMetadata: { istio: { b: [{ y: 1, x: 2 }], a: null }, envoy: {} },
    });
    const right = create(MetadataSchema, {
      filterMetadata: { envoy: {}, istio: { a: null, b: [{ x: 2, y: 1 }] } },
    });
    const of = (metadata: typeof left) =>
      createResource(
        typeUrls.cluster,
        'c',
        ClusterSchema,
        create(ClusterSchema, { name: 'c', metadata }),
      );
    assert.equal(of(left).version, of(right).version);
    assert.deepEqual(Object.keys(left.filterMetadata), ['istio', 'envoy'], 'input untouched');
    const decoded = fromBinary(ClusterSchema, of(left).bytes);
    assert.deepEqual(decoded.metadata?.filterMetadata, left.filterMetadata);
  });

  it('has another version for another content', () => {
    assert.notEqual(clusterResource('a').version, clusterResource('a', 'b').version);
    assert.match(clusterResource('a').version, /^[0-9a-f]{16}$/);
  });
});

describe('hashes', () => {
  it('do not collide on small and similar inputs', () => {
    const seen = new Set<string>();
    for (let first = 0; first < 256; first++)
      for (let second = 0; second < 256; second++)
        seen.add(contentHash(Uint8Array.of(first, second, 0, first)));
    assert.equal(seen.size, 256 * 256);
  });

  it('of sets do not depend on order but on content', () => {
    assert.equal(unorderedHash(['a', 'b']), unorderedHash(['b', 'a']));
    assert.notEqual(unorderedHash(['a', 'b']), unorderedHash(['ab', '']));
    assert.notEqual(unorderedHash(['a', 'a']), unorderedHash(['b', 'b']));
  });
});

describe('nameOfResource', () => {
  it('reads the name from the bytes, with and without the Resource wrapper', () => {
    const any = packAny(ClusterSchema, create(ClusterSchema, { altStatName: 'x', name: 'c1' }));
    assert.equal(nameOfResource(any).name, 'c1');
    const wrapped = packAny(ResourceSchema, create(ResourceSchema, { name: 'c2', resource: any }));
    assert.deepEqual(nameOfResource(wrapped), { name: 'c2', resource: any });
  });
});

describe('Snapshot', () => {
  it('keeps the identical map when a rebuild changes nothing', () => {
    const before = createSnapshot([clusterResource('a'), clusterResource('b')]);
    const same = withResourcesOfType(before, typeUrls.cluster, [
      clusterResource('b'),
      clusterResource('a'),
    ]);
    assert.equal(same, before);
  });

  it('diffs by version', () => {
    const before = createSnapshot([clusterResource('a'), clusterResource('b')]);
    const after = withResourcesOfType(before, typeUrls.cluster, [
      clusterResource('a', 'new'),
      clusterResource('c'),
    ]);
    const [difference] = diffSnapshots(before, after);
    assert.deepEqual(
      difference?.changed.map(({ name }) => name),
      ['a', 'c'],
    );
    assert.deepEqual(difference?.removed, ['b']);
    assert.deepEqual(diffSnapshots(after, after), []);
    assert.equal(resourcesOfType(before, typeUrls.cluster).size, 2);
  });
});

describe('checkConsistency', () => {
  it('names each reference that does not resolve', () => {
    const manager = create(HttpConnectionManagerSchema, {
      routeSpecifier: { case: 'rds', value: { routeConfigName: '9080' } },
    });
    const listener = create(ListenerSchema, {
      name: '0.0.0.0_9080',
      filterChains: [
        {
          filters: [
            {
              configType: {
                case: 'typedConfig',
                value: packAny(HttpConnectionManagerSchema, manager),
              },
            },
          ],
        },
      ],
    });
    const routes = create(RouteConfigurationSchema, {
      name: '9080',
      virtualHosts: [
        {
          routes: [
            {
              action: {
                case: 'route',
                value: { clusterSpecifier: { case: 'cluster', value: 'nope' } },
              },
            },
          ],
        },
      ],
    });
    const withoutRoutes = createSnapshot([
      clusterResource('a'),
      createResource(typeUrls.listener, listener.name, ListenerSchema, listener),
    ]);
    assert.deepEqual(
      checkConsistency(withoutRoutes).map(({ object, severity }) => [object, severity]),
      [
        ['a', 'error'],
        ['0.0.0.0_9080', 'error'],
      ],
    );
    const withRoutes = withResourcesOfType(withoutRoutes, typeUrls.route, [
      createResource(typeUrls.route, '9080', RouteConfigurationSchema, routes),
    ]);
    assert.deepEqual(
      checkConsistency(withRoutes).map(({ object, severity }) => [object, severity]),
      [
        ['a', 'error'],
        ['9080', 'warning'],
      ],
    );
  });
});

describe('messageToJson', () => {
  it('prints what is inside an Any, with proto field names', async () => {
    const registry = await loadTypeRegistry();
    const manager = packAny(
      HttpConnectionManagerSchema,
      create(HttpConnectionManagerSchema, { statPrefix: 'x' }),
    );
    const listener = create(ListenerSchema, {
      name: 'l',
      filterChains: [
        { filters: [{ name: 'h', configType: { case: 'typedConfig', value: manager } }] },
      ],
    });
    const json = JSON.stringify(messageToJson(ListenerSchema, listener, registry));
    assert.match(json, /"filter_chains".*"typed_config".*"stat_prefix":"x"/);
    assert.equal(unpackAny(manager, ListenerSchema), undefined);
    assert.equal(unpackAny(manager, HttpConnectionManagerSchema)?.statPrefix, 'x');
  });
});
