import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import type { Pod } from '@lateen/api';
import { ExportLogsServiceRequestSchema } from '@lateen/xds/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import { startUnaryServer } from '../traces/grpc-unary-server.ts';
import { exportLogs } from '../traces/otlp-grpc.ts';
import { startSpanReceiver } from '../traces/span-receiver.ts';
import { LogStore } from './log-store.ts';
import { exportLogsPath, parseOtlpLogsJson } from './otlp-logs.ts';
import { lineTest, readLogs } from './read-logs.ts';
import type { ReceivedLog } from './received-log.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const nowMs = Date.UTC(2026, 10, 21, 12);

const accessLine = (path: string, code = 200): string =>
  `[2026-11-21T11:59:59.000Z] "GET ${path} HTTP/1.1" ${code} - via_upstream - "-" 0 5 1 0 "-" ` +
  `"curl/8" "id-1" "reviews:9080" "127.1.0.4:9080" inbound|9080|| 127.0.0.1:1 127.1.0.4:9080 ` +
  `127.1.0.2:2 - default`;

const text = (stringValue: string) => ({ case: 'stringValue', value: stringValue }) as const;

const request = (bodies: readonly string[], resource: Readonly<Record<string, string>> = {}) =>
  create(ExportLogsServiceRequestSchema, {
    resourceLogs: [
      {
        resource: {
          attributes: Object.entries(resource).map(([key, value]) => ({
            key,
            value: { value: text(value) },
          })),
        },
        scopeLogs: [
          {
            logRecords: bodies.map((body) => ({
              timeUnixNano: BigInt(nowMs - 1000) * 1_000_000n,
              body: { value: text(body) },
              traceId: Buffer.from(traceId, 'hex'),
            })),
          },
        ],
      },
    ],
  });

const pod = (name: string, podIP: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'reviews' }, { name: 'istio-proxy' }] },
  status: { podIP },
});

const record = (changes: Partial<ReceivedLog>): ReceivedLog => ({
  timeMs: nowMs - 1000,
  text: accessLine('/reviews'),
  severity: '',
  attributes: {},
  resource: {},
  traceId: '',
  from: '127.1.0.4',
  ...changes,
});

const read = async (
  records: readonly ReceivedLog[],
  changes: { readonly written?: string; readonly containers?: readonly string[] } = {},
) => {
  const logs = new LogStore();
  for (const one of records) logs.add(one);
  const get = (path: string): Promise<string> =>
    Promise.resolve(path.includes('container=istio-proxy') ? (changes.written ?? '') : '');
  const query = {
    pods: [pod('reviews-1', '127.1.0.4')],
    containers: changes.containers ?? [],
    sinceSeconds: 60,
    limit: 100,
    test: lineTest('') ?? assert.fail(),
    traceId: '',
    requestId: '',
    levels: undefined,
  };
  return (await readLogs({ raw: { get }, logs, nowMs }, query)).lines;
};

test('records over gRPC and over HTTP, protobuf and JSON', async (t) => {
  const logs: ReceivedLog[] = [];
  const takeLog = (log: ReceivedLog): void => void logs.push(log);
  const local = { host: '127.0.0.1', port: 0 };
  const server = await startUnaryServer(local, new Map([[exportLogsPath, exportLogs(takeLog)]]));
  const receiver = await startSpanReceiver(local, { takeLog, takeSpan: () => undefined });
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  t.after(async () => {
    client.close();
    await Promise.all([server.close(), receiver.close()]);
  });
  const body = toBinary(ExportLogsServiceRequestSchema, request(['over gRPC']));
  await new Promise((resolve, reject) => {
    const same = (bytes: Buffer): Buffer => bytes;
    client.makeUnaryRequest(exportLogsPath, same, same, Buffer.from(body), (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
  const post = async (type: string, bytes: string | Buffer<ArrayBuffer>): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${receiver.port}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: bytes,
    });
    return response.status;
  };
  const json = {
    resourceLogs: [
      { scopeLogs: [{ logRecords: [{ traceId, body: { stringValue: 'as JSON' }, new: 1 }] }] },
    ],
  };
  assert.equal(await post('application/json', JSON.stringify(json)), 200);
  assert.equal(await post('application/x-protobuf', Buffer.from(body)), 200);
  assert.equal(await post('application/x-protobuf', 'nonsense'), 400);
  assert.equal(await post('application/json', '{'), 400);
  assert.equal(await post('text/plain', '{}'), 415);
  assert.deepEqual(
    logs.map((log) => [log.text, log.traceId, log.from]),
    [
      ['over gRPC', traceId, '127.0.0.1'],
      ['as JSON', traceId, '127.0.0.1'],
      ['over gRPC', traceId, '127.0.0.1'],
    ],
  );
  assert.equal(parseOtlpLogsJson('[]', ''), undefined);
});

test('records of a pod are lines of its containers, known by address, node or pod name', async () => {
  const lines = await read([
    record({ text: `${accessLine('/by-address', 503)}\n`, traceId }),
    record({
      text: accessLine('/by-node'),
      from: '127.0.0.1',
      resource: { node_name: 'sidecar~127.1.0.4~reviews-1.default~default.svc.cluster.local' },
    }),
    record({
      text: 'an app says hello',
      severity: 'WARN',
      from: '127.0.0.1',
      resource: { 'k8s.pod.name': 'reviews-1', 'k8s.namespace.name': 'default' },
    }),
    record({ text: '', attributes: { response_code: '200', path: '/by-attributes' } }),
    record({ text: 'of somebody else', from: '127.1.0.99' }),
    record({ text: 'too old', timeMs: nowMs - 3_600_000 }),
  ]);
  assert.deepEqual(
    lines.map(({ container, isProxy, level, access }) => [container, isProxy, level, access?.path]),
    [
      ['istio-proxy', true, 'error', '/by-address'],
      ['istio-proxy', true, 'info', '/by-node'],
      ['reviews', false, 'warning', undefined],
      ['istio-proxy', true, 'info', '/by-attributes'],
    ],
  );
  assert.equal(lines[0]?.traceId, traceId);
  assert.equal(lines[0]?.text, accessLine('/by-address', 503));
});

test('what is in the container’s log as well is told once; containers can be chosen', async () => {
  const line = accessLine('/both');
  const both = [record({ text: `${line}\n` }), record({ text: 'app', resource: {} })];
  const written = `2026-11-21T11:59:59.000000000Z ${line}\n`;
  assert.equal((await read(both, { written })).length, 2);
  assert.equal((await read(both, { containers: ['reviews'] })).length, 1);
});

test('the store keeps its bounds and forgets the oldest', () => {
  const limits = { maxRecords: 100, maxBytes: 60_000 };
  const store = new LogStore(limits);
  for (let at = 0; at < 10_000; at++) {
    store.add(record({ timeMs: at, text: `${at} ${'x'.repeat((at * 37) % 500)}` }));
    const { records, bytes } = store.fill();
    assert.ok(records <= limits.maxRecords && bytes <= limits.maxBytes);
  }
  const kept = store.list(0, () => true);
  assert.equal(kept.at(-1)?.timeMs, 9_999);
  assert.deepEqual(
    kept.map(({ timeMs }) => timeMs),
    kept.map((_, index) => 10_000 - kept.length + index),
  );
  assert.equal(store.fill().evicted, 10_000 - kept.length);
});
