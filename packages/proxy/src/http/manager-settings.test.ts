import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { startAccessLog } from '../testing/access-log-file.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { strictServer } from '../testing/second-opinion.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';

interface SettingCase {
  readonly what: string;
  readonly manager: JsonObject;
  readonly lines: string;
  /** Default GET. */
  readonly start?: string;
  readonly body?: string;
  readonly status: number;
  /** Of the access log, for refusals. */
  readonly log?: string;
  /** What the upstream gets; null: no such header. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

const common = (value: JsonObject): JsonObject => ({ commonHttpProtocolOptions: value });
const chunks = '5\r\nhello\r\n0\r\n\r\n';
const both = 'Host: a\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n';

const cases: readonly SettingCase[] = [
  {
    what: 'underscores pass by default',
    manager: {},
    lines: 'Host: a\r\nx_y: 1\r\n',
    status: 200,
    headers: { x_y: '1' },
  },
  {
    what: 'underscores are refused',
    manager: common({ headersWithUnderscoresAction: 'REJECT_REQUEST' }),
    lines: 'Host: a\r\nx_y: 1\r\n',
    status: 400,
    log: '400 DPE http1.unexpected_underscore',
  },
  {
    what: 'an underscore in a value is none in a name',
    manager: common({ headersWithUnderscoresAction: 'REJECT_REQUEST' }),
    lines: 'Host: a\r\nx: a_b\r\n',
    status: 200,
    headers: { x: 'a_b' },
  },
  {
    what: 'headers with underscores are left out',
    manager: common({ headersWithUnderscoresAction: 'DROP_HEADER' }),
    lines: 'Host: a\r\nx_y: 1\r\nx-z: 2\r\n',
    status: 200,
    headers: { x_y: null, 'x-z': '2' },
  },
  {
    what: 'any port of the host goes',
    manager: { stripAnyHostPort: true },
    lines: 'Host: a.b:99\r\n',
    status: 200,
    headers: { host: 'a.b' },
  },
  {
    what: "only the listener's port goes",
    manager: { stripMatchingHostPort: true },
    lines: 'Host: a.b:1\r\n',
    status: 200,
    headers: { host: 'a.b:1' },
  },
  {
    what: 'the dot behind a host goes',
    manager: { stripTrailingHostDot: true },
    lines: 'Host: a.b.:99\r\n',
    status: 200,
    headers: { host: 'a.b:99' },
  },
  {
    what: 'a length beside chunks goes where it is allowed',
    manager: { httpProtocolOptions: { allowChunkedLength: true } },
    start: 'POST / HTTP/1.1',
    lines: both,
    body: chunks,
    status: 200,
    headers: { 'content-length': null, 'transfer-encoding': 'chunked' },
  },
  {
    what: 'the port of the listener is told',
    manager: { useRemoteAddress: true, appendXForwardedPort: true },
    lines: 'Host: a\r\nX-Forwarded-Port: 1\r\n',
    status: 200,
    headers: { 'x-forwarded-port': 'PORT' },
  },
  {
    what: 'the attempt count of those before us stays where the virtual host does not count',
    manager: {
      routeConfig: {
        name: 'routes',
        virtualHosts: [{ name: 'all', domains: ['*'], routes: [routeTo('up')] }],
      },
    },
    lines: 'Host: a\r\nX-Envoy-Attempt-Count: 3\r\n',
    status: 200,
    headers: { 'x-envoy-attempt-count': '3' },
  },
];

for (const one of cases) {
  test(`settings: ${one.what}`, { timeout: 60_000 }, async () => {
    await using up = await strictServer();
    await using log = await startAccessLog();
    await using running = await runProxy({
      clusters: [clusterJson('up', [up.port])],
      routes: [routeTo('up')],
      manager: { ...one.manager, ...(one.log !== undefined && log.manager) },
    });
    const client = await running.connect();
    client.send(`${one.start ?? 'GET / HTTP/1.1'}\r\n${one.lines}\r\n${one.body ?? ''}`);
    assert.equal((await client.response()).status, one.status);
    client.close();
    if (one.log !== undefined) assert.equal(await log.next(), one.log);
    const { rawHeaders = [] } = up.take()[0] ?? {};
    for (const [name, value] of Object.entries(one.headers ?? {})) {
      const at = rawHeaders.findIndex(
        (raw, index) => index % 2 === 0 && raw.toLowerCase() === name,
      );
      const wanted = value === 'PORT' ? String(running.port) : value;
      assert.equal(at < 0 ? null : rawHeaders[at + 1], wanted, name);
    }
  });
}

test('clients are told the number of attempts where the virtual host says so', async () => {
  await using up = await strictServer();
  const hosts = [
    {
      name: 'all',
      domains: ['*'],
      includeAttemptCountInResponse: true,
      includeRequestAttemptCount: true,
      routes: [routeTo('up')],
    },
  ];
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    manager: { routeConfig: { name: 'routes', virtualHosts: hosts } },
  });
  const answer = await running.fetch('/', { headers: { 'x-envoy-attempt-count': '7' } });
  assert.equal(answer.headers.get('x-envoy-attempt-count'), '1');
  assert.ok(up.take()[0]?.rawHeaders.join().includes('x-envoy-attempt-count,1'));
});
