import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAccessLog } from '../testing/access-log-file.ts';
import { RawClient } from '../testing/raw-client.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, httpListenerJson, routesJson } from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';

const format =
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %DOWNSTREAM_REMOTE_ADDRESS%';

test('listeners log connections: whole ones with their bytes, refused ones with NR', async () => {
  await using up = await namedUpstream('up');
  await using log = await startAccessLog(format);
  const listener = httpListenerJson({ routeConfig: routesJson([routeTo('up')]) }, log.manager);
  const [chain] = listener['filterChains'] as [Record<string, unknown>];
  const matches = {
    filterChainMatch: { sourcePrefixRanges: [{ addressPrefix: '127.0.0.1', prefixLen: 32 }] },
  };
  const never = { filterChainMatch: { destinationPort: 1 } };
  for (const [match, wanted] of [
    [matches, /^0 - - 27 127\.0\.0\.1:\d+$/],
    [never, /^0 NR filter_chain_not_found 0 127\.0\.0\.1:\d+$/],
  ] as const) {
    await using running = await runProxy({
      clusters: [clusterJson('up', [up.port])],
      listeners: [{ ...listener, filterChains: [{ ...chain, ...match }] } as never],
    });
    const client = await RawClient.connect(running.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    if (match === matches) assert.equal((await client.response()).status, 200);
    else await client.all();
    client.close();
    assert.match(await log.next(), wanted);
  }
});

test('a filter for NR keeps all other connections out, as Istio sets it', async () => {
  await using up = await namedUpstream('up');
  await using log = await startAccessLog(format);
  const [one] = log.manager['accessLog'] as [Record<string, unknown>];
  const accessLog = [{ ...one, filter: { responseFlagFilter: { flags: ['NR'] } } }];
  const manager = { routeConfig: routesJson([routeTo('up')]) };
  const listener = httpListenerJson(manager, { accessLog } as never);
  const [chain] = listener['filterChains'] as [Record<string, unknown>];
  for (const match of [{}, { filterChainMatch: { destinationPort: 1 } }]) {
    await using running = await runProxy({
      clusters: [clusterJson('up', [up.port])],
      listeners: [{ ...listener, filterChains: [{ ...chain, ...match }] } as never],
    });
    const client = await RawClient.connect(running.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await client.all();
    client.close();
  }
  assert.match(await log.next(), /^0 NR /);
});
