import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { EndpointSlice, Service } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import { FakeKubeClient, Informer, resources, systemClock } from '@lateen/kube';
import { EventRecorder } from '../kubelet/event-recorder.ts';
import { claimLoopbackNetwork } from '../network/loopback-network.ts';
import { findService, openForwardProxy } from './forward-proxy.ts';
import { startLoadBalancerController } from './load-balancer-controller.ts';
import { ServiceProxy } from './service-proxy.ts';

const common = { clock: systemClock, log: silentLogger };

const setUp = async (t: TestContext) => {
  const client = new FakeKubeClient();
  const { network } = await claimLoopbackNetwork({ seed: t.name });
  const stop = new AbortController();
  const informerOptions = { ...common, client, jitter: () => 0 };
  const services = new Informer<Service>({ ...informerOptions, resource: resources.services });
  const slices = new Informer<EndpointSlice>({
    ...informerOptions,
    resource: resources.endpointSlices,
  });
  void services.run(stop.signal);
  void slices.run(stop.signal);
  await Promise.all([services.synced, slices.synced]);
  t.after(async () => {
    stop.abort();
    await network.close();
  });
  const until = async (name: string, holds: (service: Service | undefined) => boolean) => {
    const { promise, resolve } = Promise.withResolvers<Service | undefined>();
    const unsubscribe = services.onChange(() => {
      const service = services.get(name, 'default');
      if (holds(service)) resolve(service);
    });
    return promise.finally(unsubscribe);
  };
  return { client, network, services, slices, until };
};

const serviceOf = (name: string, spec: Service['spec']): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  ...(spec && { spec }),
});

const sliceOf = (service: string, port: number, addresses: readonly string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  addressType: 'IPv4',
  metadata: {
    name: `${service}-1`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': service },
  },
  ports: [{ name: 'http', port }],
  endpoints: addresses.map((address, index) => ({
    addresses: [address],
    conditions: { ready: index < 2 },
  })),
});

const speaker = async (host: string, port: number) => {
  const server = createServer((socket) => socket.end(host)).listen(port, host);
  await once(server, 'listening');
  return server;
};

const hear = async (host: string, port: number): Promise<string> => {
  const socket = connect({ host, port });
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
};

/** Tries again until the address is listened on. */
const hearSoon = async (host: string, port: number): Promise<string> => {
  for (let tries = 0; ; tries++)
    try {
      return await hear(host, port);
    } catch (error) {
      if (tries > 3_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
};

test('ClusterIP, node port and external address reach ready endpoints in turn', async (t) => {
  const { client, network, services, slices } = await setUp(t);
  const prefix = network.nodeAddress.split('.').slice(0, 2).join('.');
  const pods = [`${prefix}.0.2`, `${prefix}.0.3`, `${prefix}.0.4`];
  const first = await speaker(pods[0]!, 0);
  const { port } = first.address() as AddressInfo;
  const second = await speaker(pods[1]!, port);
  const events = new EventRecorder({ ...common, client, component: 'kube-proxy' });
  const extra = [
    {
      service: 'default/web',
      servicePort: 8080,
      address: { host: network.nodeAddress, port: 18_080 },
    },
  ];
  const { nodeAddress } = network;
  const proxy = new ServiceProxy({ ...common, services, slices, nodeAddress, events, extra });
  proxy.start();
  const clusterIP = network.serviceAddresses.last;
  const ports = [{ name: 'http', port: 8080, nodePort: 31_080 }];
  await client.create(resources.endpointSlices, sliceOf('web', port, pods));
  await client.create(resources.services, serviceOf('web', { clusterIP, ports, type: 'NodePort' }));
  await hearSoon(clusterIP, 8080);
  const heard = [await hear(clusterIP, 8080), await hear(clusterIP, 8080)];
  assert.deepEqual(heard.sort(), [pods[0], pods[1]]);
  assert.ok(pods.includes(await hearSoon(network.nodeAddress, 31_080)));
  assert.ok(pods.includes(await hearSoon(network.nodeAddress, 18_080)));
  await client.delete(resources.services, { name: 'web', namespace: 'default' });
  for (let tries = 0; tries < 3_000; tries++)
    if (
      await hear(clusterIP, 8080).then(
        () => false,
        () => true,
      )
    )
      break;
  await assert.rejects(hear(clusterIP, 8080));
  proxy.stop();
  first.close();
  second.close();
});

test('an address that cannot be had is reported, and had when it is free', async (t) => {
  const { client, network, services, slices } = await setUp(t);
  const clusterIP = network.serviceAddresses.first;
  const holder = await speaker(clusterIP, 9_999);
  const events = new EventRecorder({ ...common, client, component: 'kube-proxy' });
  const { nodeAddress } = network;
  const proxy = new ServiceProxy({ ...common, services, slices, nodeAddress, events, extra: [] });
  const ports = [{ name: 'http', port: 9_999 }];
  await client.create(resources.services, serviceOf('web', { clusterIP, ports }));
  await client.create(resources.endpointSlices, sliceOf('web', 1, []));
  proxy.start();
  while (proxy.failures().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(proxy.failures()[0]?.address, `${clusterIP}:9999`);
  holder.close();
  while (proxy.failures().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(hear(clusterIP, 9_999), { code: 'ECONNRESET' });
  proxy.stop();
});

test('LoadBalancer services get addresses of their own and keep them', async (t) => {
  const { client, network, services, until } = await setUp(t);
  const addresses = network.loadBalancerAddresses;
  const stop = startLoadBalancerController({ ...common, client, services, addresses });
  const ports = [{ port: 80 }];
  const ipOf = (service: Service | undefined) => service?.status?.loadBalancer?.ingress?.[0]?.ip;
  const seen = until('a', (service) => ipOf(service) !== undefined);
  await client.create(resources.services, serviceOf('a', { type: 'LoadBalancer', ports }));
  assert.equal(ipOf(await seen), addresses.first);
  stop();
  const again = startLoadBalancerController({ ...common, client, services, addresses });
  const other = until('b', (service) => ipOf(service) !== undefined);
  await client.create(resources.services, serviceOf('b', { type: 'LoadBalancer', ports }));
  assert.notEqual(ipOf(await other), addresses.first);
  again();
});

const names: readonly [string, string, string | undefined][] = [
  ['web', 'default', 'default/web'],
  ['web', 'shop', undefined],
  ['web.default', 'shop', 'default/web'],
  ['web.default.svc', 'shop', 'default/web'],
  ['web.default.svc.cluster.local', 'shop', 'default/web'],
  ['web.default.example.com', 'shop', undefined],
];
for (const [host, namespace, found] of names)
  test(`the name ${host} in ${namespace}`, () => {
    const service = findService(host, namespace, [serviceOf('web', {})]);
    assert.equal(service && `${service.metadata.namespace}/${service.metadata.name}`, found);
  });

test('the HTTP proxy of a pod resolves services and keeps the host', async (t) => {
  const { network } = await setUp(t);
  const clusterIP = network.serviceAddresses.first;
  const server = http.createServer((request, response) => {
    response.end(`${request.method} ${request.headers.host} ${request.url}`);
  });
  server.listen(8081, clusterIP);
  await once(server, 'listening');
  const services = () => [serviceOf('web', { clusterIP })];
  const proxyAddress = { host: network.nodeAddress, port: 15_002 };
  const proxy = await openForwardProxy({ ...proxyAddress, namespace: 'default', services });
  const ask = (path: string) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      http
        .get({ ...proxyAddress, path, agent: false }, (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode, text }));
        })
        .on('error', reject);
    });
  assert.deepEqual(await ask('http://web:8081/a?b=c'), {
    status: 200,
    text: 'GET web:8081 /a?b=c',
  });
  assert.equal((await ask('/relative')).status, 400);
  assert.equal((await ask('http://web:1/')).status, 503);
  proxy.close();
  server.close();
});
