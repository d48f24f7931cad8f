import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { typeUrls } from '@lateen/xds';
import { type ProxyServer, startProxy } from '../proxy.ts';
import { type FixtureResources, startAdsFixture } from '../testing/ads-fixture.ts';
import { RawClient } from '../testing/raw-client.ts';
import { eventually } from '../testing/running-proxy.ts';
import {
  assignmentJson,
  bootstrapOf,
  clusterJson,
  httpListenerJson,
  routesJson,
} from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';

const rds: JsonObject = {
  rds: { routeConfigName: 'routes', configSource: { ads: {}, resourceApiVersion: 'V3' } },
};
const eds: JsonObject = {
  type: 'EDS',
  edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
};

const edsCluster = (name: string): JsonObject => {
  const { loadAssignment: _dropped, ...rest } = clusterJson(name, []);
  return { ...rest, ...eds };
};

const resourcesFor = (
  endpoints: Readonly<Record<string, readonly number[]>>,
  target: string,
): FixtureResources => ({
  clusters: Object.keys(endpoints).map(edsCluster),
  endpoints: Object.entries(endpoints).map(([name, ports]) => assignmentJson(name, ports)),
  listeners: [httpListenerJson(rds)],
  routes: [routesJson([{ match: { prefix: '/' }, route: { cluster: target, timeout: '0s' } }])],
});

const proxyFor = async (port: number, apiType = 'DELTA_GRPC'): Promise<ProxyServer> => {
  const http2 = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicitHttpConfig: { http2ProtocolOptions: {} },
  };
  const bootstrap = await bootstrapOf({
    clusters: [
      clusterJson('xds-grpc', [port], {
        typedExtensionProtocolOptions: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2,
        },
      }),
    ],
    more: {
      dynamicResources: {
        adsConfig: {
          apiType,
          transportApiVersion: 'V3',
          grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
        },
        cdsConfig: { ads: {}, resourceApiVersion: 'V3' },
        ldsConfig: { ads: {}, resourceApiVersion: 'V3' },
      },
    },
  });
  return startProxy(bootstrap, { drainMs: 1000 });
};

const get = async (proxy: ProxyServer, path = '/'): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${proxy.listenerPort('http') ?? 0}${path}`);
  return `${response.status} ${await response.text()}`;
};

for (const apiType of ['DELTA_GRPC', 'GRPC']) {
  test(`${apiType}: subscribes, warms, serves and follows changes`, async () => {
    await using a = await namedUpstream('a');
    await using b = await namedUpstream('b');
    await using ads = await startAdsFixture(resourcesFor({ a: [a.port] }, 'a'));
    const proxy = await proxyFor(ads.port, apiType);
    try {
      await eventually(() => proxy.isReady);
      assert.equal(await get(proxy), '200 a');
      await ads.set(resourcesFor({ a: [a.port], b: [b.port] }, 'b'));
      await eventually(async () => (await get(proxy)) === '200 b');
      await ads.set(resourcesFor({ a: [b.port], b: [b.port] }, 'a'));
      await eventually(async () => (await get(proxy)) === '200 b');
      await ads.set({ ...resourcesFor({ b: [b.port] }, 'b') });
      await eventually(() => proxy.configuration.clusters.get('a') === undefined);
      assert.equal(await get(proxy), '200 b');
      await ads.set({ ...resourcesFor({ b: [b.port] }, 'b'), listeners: [] });
      await eventually(() => proxy.listenerPort('http') === undefined);
      assert.deepEqual(
        ads.requests.filter(({ error }) => error !== undefined),
        [],
      );
    } finally {
      await proxy.stop();
    }
  });

  test(`${apiType}: refuses what is invalid with the reason, and keeps what it has`, async () => {
    await using a = await namedUpstream('a');
    const good = resourcesFor({ a: [a.port] }, 'a');
    await using ads = await startAdsFixture(good);
    const proxy = await proxyFor(ads.port, apiType);
    try {
      await eventually(() => proxy.isReady);
      const bad = routesJson([{ match: { safeRegex: { regex: '(' } }, route: { cluster: 'a' } }]);
      await ads.set({ ...good, routes: [bad] });
      await eventually(() => ads.requests.some(({ error }) => error !== undefined));
      const nack = ads.requests.find(({ error }) => error !== undefined);
      assert.equal(nack?.typeUrl, typeUrls.route);
      assert.match(nack?.error ?? '', /routes.*regex/);
      assert.equal(await get(proxy), '200 a');
      const dump = await (await fetch(`http://${proxy.adminAddress ?? ''}/config_dump`)).text();
      assert.match(dump, /error_state/);
    } finally {
      await proxy.stop();
    }
  });
}

/** Leads to a server that goes and comes back: a port that was let go of could be anybody's. */
const startDoor = async () => {
  let behind: number | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (behind === undefined) return socket.destroy();
    const other = connect(behind, '127.0.0.1').on('error', () => undefined);
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
    return socket.pipe(other).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lead: (port: number | undefined) => {
      behind = port;
    },
    [Symbol.asyncDispose]: async () => void server.close(),
  };
};

test('serves on while the control plane is gone, and follows it when it is back', async () => {
  await using a = await namedUpstream('a');
  await using b = await namedUpstream('b');
  const first = await startAdsFixture(resourcesFor({ a: [a.port] }, 'a'));
  await using door = await startDoor();
  door.lead(first.port);
  const proxy = await proxyFor(door.port);
  try {
    await eventually(() => proxy.isReady);
    door.lead(undefined);
    await first[Symbol.asyncDispose]();
    await eventually(
      () =>
        proxy.stats.gauge(
          'envoy_control_plane_connected_state',
          {},
          'control_plane.connected_state',
        ).value === 0,
    );
    assert.equal(await get(proxy), '200 a');
    await using second = await startAdsFixture(resourcesFor({ b: [b.port] }, 'b'));
    door.lead(second.port);
    await eventually(async () => (await get(proxy)) === '200 b');
    assert.equal(second.streams, 1);
  } finally {
    await proxy.stop();
  }
});

test('no request is lost while routes, clusters, endpoints and listeners are replaced', async () => {
  await using a = await namedUpstream('a');
  await using b = await namedUpstream('b');
  const edition = (at: number): FixtureResources => {
    const both = at % 2 === 0 ? [a.port, b.port] : [b.port];
    const resources = resourcesFor(
      { a: both, [`extra-${at}`]: [b.port] },
      at % 3 === 0 ? `extra-${at}` : 'a',
    );
    const [cluster] = resources.clusters ?? [];
    const clusters = [
      { ...cluster, connectTimeout: `${1 + (at % 5)}s` },
      ...(resources.clusters ?? []).slice(1),
    ];
    const listener = httpListenerJson({ ...rds, serverName: `edition-${at}` });
    return { ...resources, clusters, listeners: [listener] };
  };
  await using ads = await startAdsFixture(edition(0));
  const proxy = await proxyFor(ads.port);
  let running = true;
  const failures: string[] = [];
  let done = 0;
  const worker = async (port: number): Promise<void> => {
    let client = await RawClient.connect(port);
    while (running) {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const response = await client.response();
      done++;
      if (response.status !== 200) failures.push(`${response.status} ${response.body.toString()}`);
      if (response.headers.get('connection') !== 'close') continue;
      await client.all();
      client = await RawClient.connect(port);
    }
    client.close();
  };
  try {
    await eventually(() => proxy.isReady);
    // Its address stays, and so do the port the kernel chose and the socket.
    const port = proxy.listenerPort('http') ?? 0;
    const workers = Array.from({ length: 8 }, () => worker(port));
    for (let at = 1; at <= 25; at++) {
      await ads.set(edition(at));
      const seen = done;
      await eventually(() => done > seen + 20);
    }
    running = false;
    await Promise.all(workers);
    assert.deepEqual(failures, []);
    assert.equal(proxy.listenerPort('http'), port);
  } finally {
    running = false;
    await proxy.stop();
  }
});
