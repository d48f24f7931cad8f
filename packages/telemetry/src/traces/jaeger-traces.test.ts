import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { type TestContext, test } from 'node:test';
import type { TelemetryError } from '../telemetry-error.ts';
import { jaegerTraces } from './jaeger-traces.ts';
import type { TraceFilter } from './trace-store.ts';

const traceID = '0af7651916cd43dd8448eb211c80319c';

/** As Jaeger's query API answers: one trace of two services. */
const answer = {
  data: [
    {
      traceID,
      spans: [
        {
          traceID,
          spanID: 'b7ad6b7169203331',
          operationName: 'GET /reviews',
          references: [{ refType: 'CHILD_OF', traceID, spanID: '00f067aa0ba902b7' }],
          startTime: 1_700_000_000_000_100,
          duration: 900,
          tags: [
            { key: 'span.kind', type: 'string', value: 'server' },
            { key: 'http.status_code', type: 'int64', value: 503 },
            { key: 'error', type: 'bool', value: true },
          ],
          logs: [{ timestamp: 1_700_000_000_000_200, fields: [{ key: 'event', value: 'retry' }] }],
          processID: 'p2',
        },
        {
          traceID,
          spanID: '00f067aa0ba902b7',
          operationName: 'GET /productpage',
          references: [],
          startTime: 1_700_000_000_000_000,
          duration: 1500,
          tags: [],
          logs: [],
          processID: 'p1',
        },
      ],
      processes: {
        p1: { serviceName: 'productpage.default', tags: [] },
        p2: { serviceName: 'reviews.default', tags: [{ key: 'node_id', value: 'n' }] },
      },
    },
  ],
};

const everything: TraceFilter = {
  ...{ service: '', operation: '', minDurationUs: 0, maxDurationUs: Number.MAX_SAFE_INTEGER },
  ...{ onlyErrors: false, fromUs: 0, toUs: Number.MAX_SAFE_INTEGER, tags: [], limit: 20 },
};

const jaeger = async (t: TestContext): Promise<{ readonly url: URL; readonly asked: string[] }> => {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const url = request.url ?? '';
    asked.push(url);
    if (url === '/jaeger/api/services')
      response.end('{"data":["reviews.default","productpage.default"]}');
    else if (/^\/jaeger\/api\/traces(\?|\/0af)/.test(url)) response.end(JSON.stringify(answer));
    else response.writeHead(404).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as { port: number };
  return { url: new URL(`http://127.0.0.1:${port}/jaeger/`), asked };
};

test('traces of a Jaeger: searched by service, each once, with tree, errors and attributes', async (t) => {
  const { url, asked } = await jaeger(t);
  const source = jaegerTraces(url);
  const found = await source.list({ ...everything, onlyErrors: true, tags: [['a', 'b']] });
  assert.deepEqual(
    found.map(({ rootName, rootService, spanCount, errorCount, durationUs }) => ({
      ...{ rootName, rootService, spanCount, errorCount, durationUs },
    })),
    [
      {
        ...{ rootName: 'GET /productpage', rootService: 'productpage.default' },
        ...{ spanCount: 2, errorCount: 1, durationUs: 1500 },
      },
    ],
  );
  const search = new URL(asked.at(-1) ?? '', url);
  assert.equal(search.searchParams.get('tags'), '{"a":"b","error":"true"}');
  const trace = await source.get(traceID);
  assert.deepEqual(
    trace?.spans.map(({ name, depth, kind, attributes }) => [
      name,
      depth,
      kind,
      attributes['node_id'],
    ]),
    [
      ['GET /productpage', 0, 'internal', undefined],
      ['GET /reviews', 1, 'server', 'n'],
    ],
  );
  assert.equal(trace?.spans[1]?.events[0]?.name, 'retry');
  assert.deepEqual(await source.services(), ['productpage.default', 'reviews.default']);
  assert.equal(await source.get('ffff'), undefined);
  assert.deepEqual(await source.list({ ...everything, operation: 'nothing like it' }), []);
});

test('a Jaeger that is not there is an error with a code', async () => {
  const source = jaegerTraces(new URL('http://127.0.0.1:1'));
  await assert.rejects(
    source.services(),
    (error) => (error as TelemetryError).code === 'no-answer',
  );
});

test('a path at which no Jaeger answers is an error, a trace that it forgot is none', async (t) => {
  const { url } = await jaeger(t);
  const source = jaegerTraces(new URL('/elsewhere', url));
  await assert.rejects(source.services(), ({ message }: Error) =>
    /^Jaeger at http:\S+\/elsewhere: status 404/.test(message),
  );
  assert.equal(await source.get('ffff'), undefined);
});
