import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import {
  certificateSecret,
  downstreamTls,
  meshTls,
  spiffe,
  testAuthority,
  upstreamTls,
  validationSecret,
  workload,
} from '../testing/certificates.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { startSdsFixture } from '../testing/sds-fixture.ts';
import { clusterJson, httpListenerJson, routesJson } from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';

/** Few requests a connection: handshakes all the time, with every certificate there is. */
const fewRequests: JsonObject = {
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      commonHttpProtocolOptions: { maxRequestsPerConnection: 3 },
      explicitHttpConfig: { httpProtocolOptions: {} },
    },
  },
};

/** Rotations of leaves before, between and after the changes of the root. */
const rotationsEach = 6;
const clients = 4;

test('leaves and the root change under load, and not one request fails', async () => {
  const [old, next] = [testAuthority('old'), testAuthority('next')];
  await using app = await namedUpstream('app');
  await using serverSds = await startSdsFixture([]);
  await using clientSds = await startSdsFixture([]);
  const set = (signer: typeof old, roots: readonly (typeof old)[]): void => {
    const anchors = validationSecret('ROOTCA', roots);
    serverSds.set([certificateSecret('default', workload(signer, 'server')), anchors]);
    clientSds.set([certificateSecret('default', workload(signer, 'client')), anchors]);
  };
  set(old, [old]);
  const base = httpListenerJson({ routeConfig: routesJson([routeTo('app')]) });
  const [chain] = base['filterChains'] as [JsonObject];
  const transportSocket = downstreamTls(meshTls('sds-grpc'), { requireClientCertificate: true });
  await using inbound = await runProxy({
    clusters: [serverSds.cluster, clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
  });
  await eventually(() => inbound.proxy.listenerPort('http') !== undefined);
  const cluster = clusterJson('app', [inbound.proxy.listenerPort('http') ?? 0], {
    ...fewRequests,
    transportSocket: upstreamTls(meshTls('sds-grpc', [{ exact: spiffe('server') }])),
  });
  await using outbound = await runProxy({
    clusters: [clientSds.cluster, cluster],
    routes: [routeTo('app')],
  });
  await eventually(async () => (await outbound.fetch('/')).status === 200);

  let stop = false;
  let served = 0;
  const failures: string[] = [];
  const load = Array.from({ length: clients }, async () => {
    while (!stop) {
      const response = await outbound.fetch('/');
      const text = await response.text();
      if (response.status === 200) served++;
      else failures.push(text);
    }
  });
  /** Some requests go by, so that each state of the certificates is used. */
  const pause = async (): Promise<void> => {
    const until = served + 10;
    await eventually(() => served >= until || failures.length > 0);
  };
  const steps: readonly (readonly [typeof old, readonly (typeof old)[]])[] = [
    [old, [old]],
    [old, [old, next]],
    [next, [old, next]],
    [next, [next]],
  ];
  for (const [signer, roots] of steps) {
    for (let at = 0; at < rotationsEach; at++) {
      set(signer, roots);
      await pause();
    }
  }
  stop = true;
  await Promise.all(load);
  assert.deepEqual(failures, []);
  assert.ok(served >= steps.length * rotationsEach * 10);
  const stats = await (await inbound.admin('/stats?filter=ssl.handshake')).text();
  assert.ok(Number(/handshake: (\d+)/.exec(stats)?.[1]) > served / 4);
});
