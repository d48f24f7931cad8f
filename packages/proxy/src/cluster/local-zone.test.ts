import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, socketAddress } from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';

/** Endpoints by zone, all in one region. */
const inZones = (zones: Readonly<Record<string, readonly number[]>>, clusterName: string) => ({
  loadAssignment: {
    clusterName,
    endpoints: Object.entries(zones).map(([zone, ports]) => ({
      locality: { region: 'r', zone },
      lbEndpoints: ports.map((port) => ({ endpoint: { address: socketAddress(port) } })),
    })),
  },
});

test('a proxy that knows its own cluster and zone asks endpoints of its zone', async () => {
  await using near = await namedUpstream('near');
  await using far = await namedUpstream('far');
  const commonLbConfig = { zoneAwareLbConfig: { minClusterSize: '2' } };
  const zones = { a: [near.port], b: [far.port] };
  for (const localClusterName of ['own', '']) {
    await using running = await runProxy({
      clusters: [
        clusterJson('own', [], inZones({ a: [1], b: [2] }, 'own') as never),
        clusterJson('u', [], { ...inZones(zones, 'u'), commonLbConfig } as never),
      ],
      routes: [routeTo('u')],
      more: {
        node: { id: 'test', locality: { region: 'r', zone: 'a' } },
        clusterManager: { localClusterName },
      },
    });
    const answers = new Set<string>();
    for (let at = 0; at < 8; at++) answers.add(await (await running.fetch('/')).text());
    assert.deepEqual([...answers].sort(), localClusterName === 'own' ? ['near'] : ['far', 'near']);
  }
});
