import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { httpCollector } from '../testing/span-collector.ts';
import { inbound, listening, outbound, runTraced, statOf } from '../testing/traced-proxy.ts';
import { parentId, toZipkin, traceId } from '../testing/tracing-json.ts';

interface ZipkinSpan {
  readonly id: string;
  readonly traceId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly shared?: boolean;
  readonly localEndpoint: { readonly serviceName: string; readonly ipv4: string };
  readonly tags: Readonly<Record<string, string>>;
}

const zipkinSpans = async (
  headers: Record<string, string>,
  options: { readonly more?: JsonObject; readonly rate?: number; readonly listener?: JsonObject },
): Promise<{
  readonly spans: readonly ZipkinSpan[];
  readonly head: Record<string, string | undefined>;
  readonly sent: number;
}> => {
  await using upstream = await listening();
  await using collector = await httpCollector();
  const proxy = await runTraced({
    upstream: upstream.port,
    collector,
    isGrpc: false,
    tracing: { ...toZipkin(options.more), randomSampling: { value: options.rate ?? 100 } },
    listener: options.listener ?? inbound,
  });
  await proxy.fetch('/', { headers });
  await proxy.proxy.stop();
  return {
    spans: collector.bodies.flatMap((body) => JSON.parse(body.toString()) as ZipkinSpan[]),
    head: upstream.seen[0] ?? {},
    sent: statOf(proxy, 'tracing.zipkin.spans_sent'),
  };
};

const b3 = { 'x-b3-traceid': traceId, 'x-b3-spanid': parentId };

test('Zipkin: a child of the lines that came, in JSON v2', async () => {
  const { spans, head, sent } = await zipkinSpans({ ...b3, 'x-b3-sampled': '1' }, { rate: 0 });
  const [span] = spans;
  assert.ok(span);
  assert.equal(spans.length, 1);
  assert.equal(sent, 1);
  const { traceId: trace, parentId: parent, kind, shared, localEndpoint, tags } = span;
  assert.deepEqual(
    { trace, parent, kind, shared, service: localEndpoint.serviceName, ip: localEndpoint.ipv4 },
    {
      ...{ trace: traceId, parent: parentId, kind: 'SERVER', shared: undefined },
      ...{ service: 'test', ip: '127.0.0.1' },
    },
  );
  assert.equal(span.name, 'reviews.default.svc.cluster.local:9080/*');
  assert.equal(tags['http.status_code'], '200');
  assert.equal(tags['component'], 'proxy');
  assert.ok(span.duration >= 1 && Number.isInteger(span.timestamp));
  assert.equal(head['x-b3-traceid'], traceId);
  assert.equal(head['x-b3-spanid'], span.id);
  assert.equal(head['x-b3-parentspanid'], parentId);
  assert.equal(head['x-b3-sampled'], '1');
  assert.equal(head['b3'], undefined);
});

test('Zipkin: a single header is read before lines, and written anew', async () => {
  const { spans, head } = await zipkinSpans(
    { b3: `${traceId}-${parentId}-1`, 'x-b3-traceid': 'f'.repeat(32), 'x-b3-sampled': '0' },
    { listener: outbound },
  );
  const [span] = spans;
  assert.equal(span?.parentId, parentId);
  assert.equal(span?.kind, 'CLIENT');
  assert.equal(head['b3'], `${traceId}-${span?.id}-1-${parentId}`);
  assert.equal(head['x-b3-traceid'], traceId);
});

test('Zipkin with W3C beside: read where there is no B3, both written', async () => {
  const more = { traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION' };
  const traceparent = `00-${traceId}-${parentId}-01`;
  const fallback = await zipkinSpans({ traceparent }, { more, rate: 0 });
  const [child] = fallback.spans;
  assert.equal(child?.parentId, parentId);
  assert.equal(fallback.head['x-b3-spanid'], child?.id);
  assert.equal(fallback.head['traceparent'], `00-${traceId}-${child?.id}-01`);
  const preferred = await zipkinSpans({ traceparent, 'x-b3-sampled': '0' }, { more });
  assert.deepEqual(preferred.spans, []);
});

test('Zipkin: both sides of a call share an id where they are to', async () => {
  const shared = { more: { sharedSpanContext: true } };
  const { spans, head } = await zipkinSpans({ ...b3, 'x-b3-sampled': '1' }, shared);
  assert.equal(spans[0]?.id, parentId);
  assert.equal(spans[0]?.shared, true);
  assert.equal(head['x-b3-spanid'], parentId);
});

test('Zipkin: what is not sampled says so, without a span; decisions stand without ids', async () => {
  const rows: readonly (readonly [Record<string, string>, number, number, string])[] = [
    [{}, 0, 0, '0'],
    [{ 'x-b3-sampled': '0' }, 100, 0, '0'],
    [{ 'x-b3-sampled': '1' }, 0, 1, '1'],
    [{ b3: '0' }, 100, 0, '0'],
    [{ b3: 'd' }, 0, 1, '1'],
    [{ 'x-b3-flags': '1', ...b3 }, 0, 1, '1'],
    [b3, 0, 0, '0'],
    [b3, 100, 1, '1'],
  ];
  for (const [headers, rate, count, flag] of rows) {
    const { spans, head } = await zipkinSpans(headers, { rate });
    assert.equal(spans.length, count, JSON.stringify(headers));
    assert.equal(head['x-b3-sampled'], flag, JSON.stringify(headers));
  }
  const broken = { 'x-b3-traceid': 'nonsense', 'x-b3-spanid': parentId };
  const { spans, head } = await zipkinSpans(broken, {});
  assert.equal(spans.length, 0);
  assert.equal(head['x-b3-traceid'], 'nonsense');
});
