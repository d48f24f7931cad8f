import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../testing/running-proxy.ts';
import { grpcCollector } from '../testing/span-collector.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import {
  decorated,
  inbound,
  listening,
  runTraced,
  traceparentFields,
} from '../testing/traced-proxy.ts';
import { overGrpc, parentId, traceId } from '../testing/tracing-json.ts';

const contexts: readonly {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly rate?: number;
  /** Parent of the span; undefined: there is no span. */
  readonly parent: string | undefined;
  /** What goes upstream: the header as it came, or flags of a new one. */
  readonly upstream: string;
}[] = [
  {
    name: 'sampled',
    headers: { traceparent: `00-${traceId}-${parentId}-01` },
    rate: 0,
    parent: parentId,
    upstream: 'new 01',
  },
  {
    name: 'not sampled, whatever is forced here',
    headers: { traceparent: `00-${traceId}-${parentId}-00`, 'x-envoy-force-trace': '1' },
    parent: undefined,
    upstream: `00-${traceId}-${parentId}-00`,
  },
  {
    name: 'no ids',
    headers: { traceparent: 'nonsense' },
    parent: undefined,
    upstream: 'nonsense',
  },
  {
    name: 'ids of zeros',
    headers: { traceparent: `00-${'0'.repeat(32)}-${parentId}-01` },
    parent: undefined,
    upstream: `00-${'0'.repeat(32)}-${parentId}-01`,
  },
  { name: 'none, all sampled', headers: {}, parent: '', upstream: 'new 01' },
  { name: 'none, nothing sampled', headers: {}, rate: 0, parent: undefined, upstream: 'new 00' },
  {
    name: 'none, nothing sampled, forced',
    headers: { 'x-envoy-force-trace': 'true' },
    rate: 0,
    parent: '',
    upstream: 'new 01',
  },
  {
    name: 'none, asked for by a client',
    headers: { 'x-client-trace-id': 'ticket-7' },
    rate: 0,
    parent: '',
    upstream: 'new 01',
  },
];

for (const row of contexts) {
  test(`W3C context: ${row.name}`, async () => {
    await using upstream = await listening();
    await using collector = await grpcCollector();
    {
      await using proxy = await runTraced({
        upstream: upstream.port,
        collector,
        tracing: overGrpc({ randomSampling: { value: row.rate ?? 100 } }),
        listener: inbound,
      });
      await proxy.fetch('/', { headers: row.headers });
    }
    // A proxy that stops reports first: what is not there now never comes.
    assert.deepEqual(
      collector.spans.map((span) => span.parentId),
      row.parent === undefined ? [] : [row.parent],
    );
    const sent = upstream.seen[0]?.['traceparent'];
    if (!row.upstream.startsWith('new')) assert.equal(sent, row.upstream);
    else {
      assert.match(
        sent ?? '',
        new RegExp(`^00-[0-9a-f]{32}-[0-9a-f]{16}-${row.upstream.slice(4)}$`),
      );
      assert.ok(!sent?.includes(parentId));
      if (row.parent === parentId) assert.ok(sent?.includes(traceId));
    }
  });
}

test('two proxies and an app between: each span is the child of the one before', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  const tracing = overGrpc();
  await using second = await runTraced({
    upstream: upstream.port,
    collector,
    tracing,
    listener: inbound,
  });
  await using first = await runTraced({ upstream: second.port, collector, tracing });
  const response = await first.fetch('/', { headers: { tracestate: 'a=1', baggage: 'b=2' } });
  assert.equal(response.headers.get('x-envoy-decorator-operation'), null);
  const spans = await collector.take(2);
  const client = spans.find(({ kind }) => kind === 3);
  const server = spans.find(({ kind }) => kind === 2);
  assert.ok(client && server);
  assert.equal(server.traceId, client.traceId);
  assert.equal(server.parentId, client.spanId);
  assert.equal(client.parentId, '');
  const [head] = upstream.seen;
  assert.deepEqual(traceparentFields(head?.['traceparent']), [
    '00',
    server.traceId,
    server.spanId,
    '01',
  ]);
  assert.equal(head?.['tracestate'], 'a=1');
  assert.equal(head?.['baggage'], 'b=2');
  assert.equal(head?.['x-envoy-decorator-operation'], undefined);
});

test('a copy of a request is not part of its trace where the route says so', async () => {
  await using upstream = await listening();
  await using copies = await listening();
  await using collector = await grpcCollector();
  await using proxy = await runTraced({
    upstream: upstream.port,
    collector,
    tracing: overGrpc(),
    clusters: [clusterJson('copies', [copies.port])],
    routes: [
      decorated('reviews', {
        route: {
          cluster: 'reviews',
          requestMirrorPolicies: [{ cluster: 'copies', traceSampled: false }],
        },
      }),
    ],
  });
  await proxy.fetch('/');
  await eventually(() => copies.seen.length === 1);
  assert.equal(traceparentFields(upstream.seen[0]?.['traceparent'])[3], '01');
  assert.equal(traceparentFields(copies.seen[0]?.['traceparent'])[3], '00');
});

test('strangers do not decide what is traced: neither by id nor by header', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  await using proxy = await runTraced({
    upstream: upstream.port,
    collector,
    tracing: overGrpc({ randomSampling: { value: 0 } }),
    manager: { useRemoteAddress: true, xffNumTrustedHops: 1, preserveExternalRequestId: true },
  });
  const id = '00000000-0000-9000-8000-000000000001';
  const stranger = { 'x-forwarded-for': '203.0.113.7' };
  await proxy.fetch('/', {
    headers: { ...stranger, 'x-request-id': id, 'x-envoy-force-trace': '1' },
  });
  await proxy.proxy.stop();
  assert.equal(upstream.seen[0]?.['x-request-id'], id.replace('-9000', '-4000'));
  assert.deepEqual(collector.spans, []);
});

test('contexts are not handed on where the listener says so; spans are made all the same', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  const tracing = overGrpc({ spawnUpstreamSpan: true, noContextPropagation: true });
  await using proxy = await runTraced({ upstream: upstream.port, collector, tracing });
  const caller = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  await (await proxy.fetch('/')).text();
  await (await proxy.fetch('/', { headers: { traceparent: caller, tracestate: 'x=y' } })).text();
  const spans = await collector.take(4);
  assert.deepEqual(
    upstream.seen.map((head) => [head['traceparent'], head['tracestate']]),
    [
      [undefined, undefined],
      [caller, 'x=y'],
    ],
  );
  const continued = spans.filter(({ traceId }) => traceId === 'a'.repeat(32));
  assert.deepEqual(
    continued.map(({ kind }) => kind),
    [3, 2],
  );
  assert.equal(continued[1]?.parentId, 'b'.repeat(16));
});
