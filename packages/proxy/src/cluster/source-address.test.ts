import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream } from '../testing/upstream.ts';

const bindTo = (address: string) => ({
  upstreamBindConfig: { sourceAddress: { address, portValue: 0 } },
});

test('connections come from the address of the bootstrap, unless the cluster says another', async () => {
  await using upstream = await httpUpstream((request, response) => {
    response.end(request.socket.remoteAddress);
  });
  const ports = [upstream.port];
  await using running = await runProxy({
    clusters: [
      clusterJson('default', ports),
      clusterJson('own', ports, bindTo('127.0.0.8')),
      clusterJson('any', ports, bindTo('0.0.0.0')),
    ],
    routes: [routeTo('own', '/own'), routeTo('any', '/any'), routeTo('default')],
    more: { clusterManager: bindTo('127.0.0.9') },
  });
  const sourceOf = async (path: string): Promise<string> => (await running.fetch(path)).text();
  assert.equal(await sourceOf('/'), '127.0.0.9');
  assert.equal(await sourceOf('/own'), '127.0.0.8');
  assert.equal(await sourceOf('/any'), '127.0.0.1');
});

test("without any, the source is the system's choice", async () => {
  await using upstream = await httpUpstream((request, response) => {
    response.end(request.socket.remoteAddress);
  });
  await using running = await runProxy({
    clusters: [clusterJson('default', [upstream.port])],
    routes: [routeTo('default')],
  });
  assert.equal(await (await running.fetch('/')).text(), '127.0.0.1');
});
