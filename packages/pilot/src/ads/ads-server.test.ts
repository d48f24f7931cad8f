import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { silentLogger } from '@lateen/base';
import { systemClock } from '@lateen/kube';
import { createResource, type Resource, typeUrls, wildcardName } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { createPilotMetrics } from '../metrics/pilot-metrics.ts';
import { proxyStatusRows } from '../status/proxy-status.ts';
import { syncStatuses } from '../status/syncz.ts';
import { deltaTestClient, sotwTestClient } from '../testing/ads-test-client.ts';
import { AdsServer } from './ads-server.ts';
import type { PushScope, ResourceBuilder } from './proxy-stream.ts';

const node = { id: 'sidecar~10.0.0.1~reviews-v1.default~default.svc.cluster.local' };

/** What there is of each type: name to edition. */
type World = Readonly<
  Record<'clusters' | 'endpoints' | 'listeners' | 'routes', Record<string, number>>
>;

const start: World = {
  clusters: { a: 0, b: 0 },
  endpoints: { a: 0, b: 0 },
  listeners: { l: 0 },
  routes: { '80': 0, '9080': 0 },
};

const factories: Readonly<
  Record<string, [keyof World, (name: string, edition: number) => Resource]>
> = {
  [typeUrls.cluster]: [
    'clusters',
    (name, edition) =>
      createResource(
        typeUrls.cluster,
        name,
        ClusterSchema,
        create(ClusterSchema, { name, altStatName: `${edition}` }),
      ),
  ],
  [typeUrls.endpoint]: [
    'endpoints',
    (name, edition) =>
      createResource(
        typeUrls.endpoint,
        name,
        ClusterLoadAssignmentSchema,
        create(ClusterLoadAssignmentSchema, {
          clusterName: name,
          policy: { overprovisioningFactor: edition },
        }),
      ),
  ],
  [typeUrls.listener]: [
    'listeners',
    (name, edition) =>
      createResource(
        typeUrls.listener,
        name,
        ListenerSchema,
        create(ListenerSchema, { name, statPrefix: `${edition}` }),
      ),
  ],
  [typeUrls.route]: [
    'routes',
    (name, edition) =>
      createResource(
        typeUrls.route,
        name,
        RouteConfigurationSchema,
        create(RouteConfigurationSchema, { name, internalOnlyHeaders: [`${edition}`] }),
      ),
  ],
};

/** Builds what the world says, and notes which types it was asked for. */
class WorldBuilder implements ResourceBuilder {
  readonly #world: World;
  readonly asked: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  build(_proxy: unknown, typeUrl: string, names: readonly string[]): readonly Resource[] {
    this.asked.push(typeUrl);
    const [kind, make] = factories[typeUrl] ?? [];
    if (kind === undefined || make === undefined) return [];
    const isNamed = typeUrl === typeUrls.endpoint || typeUrl === typeUrls.route;
    return Object.entries(this.#world[kind])
      .filter(([name]) => !isNamed || names.includes(name))
      .map(([name, edition]) => make(name, edition));
  }
}

const all = 'all' satisfies PushScope;

describe('AdsServer', () => {
  let server: AdsServer;
  let port = 0;
  let builder = new WorldBuilder(start);
  const clients: { close(): void }[] = [];
  const metrics = createPilotMetrics();
  let disconnected = Promise.withResolvers<void>();

  beforeEach(async () => {
    builder = new WorldBuilder(start);
    server = new AdsServer({
      clock: systemClock,
      log: silentLogger,
      metrics,
      builder: () => builder,
      onDisconnect: () => disconnected.resolve(),
    });
    disconnected = Promise.withResolvers();
    port = await server.listen('127.0.0.1:0');
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close();
  });

  const publish = (world: World, scope: PushScope = all): void => {
    builder = new WorldBuilder(world);
    for (const { stream } of server.connections) stream.push(builder, scope);
  };

  const rows = () => proxyStatusRows(syncStatuses(server.connections, { podName: 'istiod-0' }));

  for (const [variant, makeClient] of [
    ['delta', deltaTestClient],
    ['SotW', sotwTestClient],
  ] as const) {
    const connected = async () => {
      const client = makeClient(port, node);
      clients.push(client);
      client.connect();
      client.subscribe(typeUrls.cluster, wildcardName);
      client.subscribe(typeUrls.endpoint, 'a', 'b');
      client.subscribe(typeUrls.listener, wildcardName);
      client.subscribe(typeUrls.route, '80', '9080');
      await client.until('initial state', () => client.resources.size === 7);
      return client;
    };

    it(`${variant}: sends everything in push order, then only what changed`, async () => {
      const client = await connected();
      assert.deepEqual(
        client.received.map(({ type }) => type),
        ['CDS', 'EDS', 'LDS', 'RDS'],
      );
      client.received.length = 0;
      publish({ ...start, routes: { '80': 0, '9080': 1 } });
      await client.until('route', () => client.received.length > 0);
      assert.deepEqual(client.received, [{ type: 'RDS', changed: ['9080'], removed: [] }]);
    });

    it(`${variant}: builds and sends endpoints only when only they are in scope`, async () => {
      const client = await connected();
      client.received.length = 0;
      publish({ ...start, endpoints: { a: 1, b: 0 } }, new Set([typeUrls.endpoint]));
      await client.until('endpoints', () => client.received.length > 0);
      assert.deepEqual(client.received, [{ type: 'EDS', changed: ['a'], removed: [] }]);
      assert.deepEqual(builder.asked, [typeUrls.endpoint]);
    });

    it(`${variant}: shows a NACK as ERROR with its text until it is made good`, async () => {
      const client = await connected();
      client.refuse = ({ typeUrl }) =>
        typeUrl === typeUrls.route ? 'route "9080": bad' : undefined;
      publish({ ...start, routes: { '80': 0, '9080': 1 } });
      await client.until('route', () => client.received.at(-1)?.changed[0] === '9080');
      // A further request proves that the server has read the NACK before it.
      client.subscribe(typeUrls.endpoint, 'c');
      await client.until('answer', () => client.received.at(-1)?.type === 'EDS');
      assert.equal(rows()[0]?.rds, 'ERROR');
      assert.deepEqual(syncStatuses(server.connections, { podName: 'p' })[0]?.errors, {
        route: 'route "9080": bad',
      });
      client.refuse = () => undefined;
      publish({ ...start, routes: { '80': 0, '9080': 2 } });
      await client.until('route', () => client.received.at(-1)?.type === 'RDS');
      client.subscribe(typeUrls.endpoint, 'd');
      await client.until('answer', () => client.received.at(-1)?.type === 'EDS');
      assert.deepEqual([rows()[0]?.rds, rows()[0]?.cds], ['SYNCED', 'SYNCED']);
    });

    it(`${variant}: sends a proxy that reconnects nothing it has`, async () => {
      const client = await connected();
      client.disconnect();
      client.received.length = 0;
      client.connect();
      client.subscribe(typeUrls.route, 'new');
      await client.until('answer for the new name', () =>
        client.received.some(({ type }) => type === 'RDS'),
      );
      assert.deepEqual(
        client.received.flatMap(({ changed }) => changed),
        [],
      );
    });
  }

  it('leaves the endpoints of a cluster that goes until the routes have moved', async () => {
    const client = deltaTestClient(port, node);
    clients.push(client);
    client.connect();
    client.subscribe(typeUrls.cluster, wildcardName);
    client.subscribe(typeUrls.endpoint, 'a', 'b');
    client.subscribe(typeUrls.route, '80');
    await client.until('initial state', () => client.resources.size === 5);
    client.received.length = 0;
    publish({ ...start, clusters: { a: 0 }, endpoints: { a: 0 }, routes: { '80': 1 } });
    await client.until('withdrawal', () => client.names('EDS').length === 1);
    assert.deepEqual(client.received, [
      { type: 'RDS', changed: ['80'], removed: [] },
      { type: 'CDS', changed: [], removed: ['b'] },
      { type: 'EDS', changed: [], removed: ['b'] },
    ]);
  });

  it('refuses a node whose id is not understood, with the reason', async () => {
    const client = deltaTestClient(port, { id: 'nonsense' });
    clients.push(client);
    client.connect();
    client.subscribe(typeUrls.cluster, wildcardName);
    await client.until('end', () => client.ended !== undefined);
    assert.equal(client.ended?.code, 3);
    assert.match(client.ended?.details ?? '', /node\.id.*nonsense/);
  });

  it('ends the stream of a proxy it fails to serve, and only that', async () => {
    const sound = deltaTestClient(port, node);
    clients.push(sound);
    sound.connect();
    sound.subscribe(typeUrls.cluster, wildcardName);
    await sound.until('clusters', () => sound.names('CDS').length === 2);
    builder = new WorldBuilder(start);
    builder.build = () => {
      throw new Error('a fault of ours');
    };
    const unlucky = deltaTestClient(port, { id: node.id.replace('reviews', 'ratings') });
    clients.push(unlucky);
    unlucky.connect();
    unlucky.subscribe(typeUrls.cluster, wildcardName);
    await unlucky.until('end', () => unlucky.ended !== undefined);
    assert.equal(unlucky.ended?.code, 13);
    publish({ ...start, clusters: { a: 1, b: 0 } });
    await sound.until('update', () => sound.received.length === 2);
  });

  it('forgets a proxy that goes without a word', async () => {
    const client = deltaTestClient(port, node);
    client.connect();
    client.subscribe(typeUrls.cluster, wildcardName);
    await client.until('clusters', () => client.names('CDS').length === 2);
    client.close();
    await disconnected.promise;
    assert.equal(server.connections.length, 0);
    assert.equal(metrics.connected.value(), 0);
  });

  it('ends streams with UNAVAILABLE when it closes, and knows no connection afterwards', async () => {
    const client = deltaTestClient(port, node);
    clients.push(client);
    client.connect();
    client.subscribe(typeUrls.cluster, wildcardName);
    await client.until('clusters', () => client.names('CDS').length === 2);
    assert.equal(server.connections.length, 1);
    await server.close();
    await client.until('end', () => client.ended !== undefined);
    assert.equal(client.ended?.code, 14);
    assert.equal(server.connections.length, 0);
  });

  it('rejects an address in use with its cause', async () => {
    const other = new AdsServer({
      clock: systemClock,
      log: silentLogger,
      metrics,
      builder: () => builder,
      onDisconnect: () => undefined,
    });
    await assert.rejects(other.listen(`127.0.0.1:${port}`), { code: 'listen-failed' });
    await other.close();
  });
});
