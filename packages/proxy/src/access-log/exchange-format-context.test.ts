import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { startAccessLog } from '../testing/access-log-file.ts';
import { RawClient } from '../testing/raw-client.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, routesJson } from '../testing/static-bootstrap.ts';
import { httpUpstream } from '../testing/upstream.ts';

const endpoint = (port: number) => ({
  endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } },
  metadata: { filterMetadata: { istio: { workload: 'up-v1;shop;up;v1;Kubernetes' } } },
});

test('what formats and expressions find out about a request on a real connection', async () => {
  await using up = await httpUpstream((_request, response) => {
    response.setHeader('x-answer', 'yes');
    response.end('hello');
  });
  const parts: Readonly<Record<string, string>> = {
    host: '%VIRTUAL_HOST_NAME% %ROUTE_NAME% %HOSTNAME%',
    stream: '%STREAM_ID%|%REQ(X-REQUEST-ID)%',
    unique: '%UNIQUE_ID%|%UNIQUE_ID%',
    type: '%ACCESS_LOG_TYPE%',
    heads: '%REQUEST_HEADERS_BYTES% %RESPONSE_HEADERS_BYTES% %DOWNSTREAM_WIRE_BYTES_SENT%',
    metadata: '%UPSTREAM_METADATA(istio:workload)% %METADATA(UPSTREAM_HOST:istio:none)%',
    peer: '%FILTER_STATE(upstream_peer:FIELD:workload)% %FILTER_STATE(downstream_peer)%',
    cel: '%CEL(filter_state.upstream_peer.namespace + " " + node.id)%',
    headers: '%CEL(request.headers.filter(h, h.startsWith("x-a")))%',
    answer: '%CEL(response.headers["x-answer"])% %CEL(xds.listener_direction)%',
    id: '%CONNECTION_ID%',
  };
  const names = Object.keys(parts);
  await using log = await startAccessLog(Object.values(parts).join('\t'));
  await using running = await runProxy({
    clusters: [
      {
        ...clusterJson('up', []),
        loadAssignment: {
          clusterName: 'up',
          endpoints: [{ lbEndpoints: [endpoint(up.port)] }],
        },
      },
    ],
    manager: { ...log.manager, routeConfig: routesJson([routeTo('up')]) },
    listener: { trafficDirection: 'OUTBOUND' },
  });
  const ask = async (client: RawClient): Promise<Readonly<Record<string, string>>> => {
    client.send('GET / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nx-ab: 2\r\nx-b: 3\r\n\r\n');
    await client.response();
    const values = (await log.next()).split('\t');
    return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
  };
  const client = await RawClient.connect(running.port);
  const first = await ask(client);
  const second = await ask(client);
  const other = await RawClient.connect(running.port);
  const third = await ask(other);
  client.close();
  other.close();
  const [stream, requestId] = (first['stream'] ?? '').split('|');
  const [one, two] = (first['unique'] ?? '').split('|');
  const [requestHead, responseHead, sent] = (first['heads'] ?? '').split(' ').map(Number);
  assert.equal(first['host'], `all up ${hostname()}`);
  assert.equal(stream, requestId);
  assert.match(one ?? '', /^[0-9a-f-]{36}$/);
  assert.notEqual(one, two);
  assert.equal(first['type'], 'DownstreamEnd');
  assert.ok((requestHead ?? 0) > 40 && (responseHead ?? 0) > 40);
  assert.equal(sent, (responseHead ?? 0) + 'hello'.length);
  assert.equal(first['metadata'], 'up-v1;shop;up;v1;Kubernetes -');
  assert.equal(first['peer'], 'up-v1 -');
  assert.equal(first['cel'], 'shop sidecar~127.0.0.1~test.default~default.svc.cluster.local');
  assert.equal(first['headers'], '["x-a","x-ab"]');
  assert.equal(first['answer'], 'yes 2');
  assert.match(first['id'] ?? '', /^\d+$/);
  assert.equal(first['id'], second['id']);
  assert.notEqual(first['id'], third['id']);
});
