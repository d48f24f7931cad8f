import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import grpc from '@grpc/grpc-js';
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '@lateen/xds/gen/envoy/service/auth/v3/external_auth_pb.js';
import { echoServer, grpcEcho } from '../testing/grpc-echo.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import {
  clusterJson,
  http2Protocol,
  httpFilters,
  tcpListenerJson,
} from '../testing/static-bootstrap.ts';
import {
  bodyOf,
  httpUpstream,
  namedUpstream,
  rawUpstream,
  type Upstream,
} from '../testing/upstream.ts';

const typed = (kind: 'http' | 'network', config: JsonObject): JsonObject => ({
  name: `envoy.filters.${kind}.ext_authz`,
  typedConfig: {
    '@type': `type.googleapis.com/envoy.extensions.filters.${kind}.ext_authz.v3.ExtAuthz`,
    transportApiVersion: 'V3',
    ...config,
  },
});

const httpService = (more: JsonObject = {}): JsonObject => ({
  httpService: {
    serverUri: { uri: 'http://authz.test:80', cluster: 'authz', timeout: '30s' },
    ...more,
  },
});

const exact = (...names: readonly string[]): JsonObject => ({
  patterns: names.map((name) => ({ exact: name })),
});

/** An upstream that tells what it got. */
const echo = (): Promise<Upstream> =>
  httpUpstream((request, response) => {
    void bodyOf(request).then((body) => {
      response.end(JSON.stringify({ headers: request.headers, body: body.toString() }));
    });
  });

const start = (
  app: Upstream,
  authz: Upstream | number,
  filter: JsonObject,
  more: JsonObject = {},
) =>
  runProxy({
    clusters: [
      clusterJson('app', [app.port]),
      clusterJson('authz', [typeof authz === 'number' ? authz : authz.port], more),
    ],
    routes: [routeTo('app')],
    manager: { httpFilters: httpFilters([filter]) },
  });

test('over HTTP: asks with what is allowed, and does as it is told', async () => {
  await using app = await echo();
  const asked: { method?: string; url?: string; headers: Record<string, unknown> }[] = [];
  await using authz = await httpUpstream((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, headers });
    request.resume();
    const isFriend = headers['x-user'] === 'friend';
    response.statusCode = isFriend ? 200 : 418;
    response.setHeader('x-role', 'admin');
    response.setHeader('x-hint', 'no');
    response.setHeader('x-envoy-auth-headers-to-remove', 'x-user');
    response.end(isFriend ? '' : 'go away');
  });
  const service = httpService({
    pathPrefix: '/check',
    authorizationRequest: { allowedHeaders: exact('x-user') },
    authorizationResponse: {
      allowedUpstreamHeaders: exact('x-role'),
      allowedClientHeaders: exact('x-hint'),
    },
  });
  await using running = await start(app, authz, typed('http', service));
  const refused = await running.fetch('/a?b=c', {
    method: 'PUT',
    body: 'x',
    headers: { 'x-user': 'foe', 'x-other': '1' },
  });
  assert.deepEqual(
    [
      refused.status,
      await refused.text(),
      refused.headers.get('x-hint'),
      refused.headers.get('x-role'),
    ],
    [418, 'go away', 'no', null],
  );
  assert.doesNotMatch(refused.headers.get('date') ?? '', /GMT.*GMT/);
  assert.deepEqual([asked[0]?.method, asked[0]?.url], ['PUT', '/check/a?b=c']);
  assert.equal(asked[0]?.headers['x-user'], 'foe');
  assert.equal(asked[0]?.headers['x-other'], undefined);
  assert.equal(asked[0]?.headers['content-length'], '0');
  const taken = await running.fetch('/', {
    method: 'POST',
    body: 'body',
    headers: { 'x-user': 'friend', 'x-role': 'forged' },
  });
  const { headers, body } = (await taken.json()) as {
    headers: Record<string, string>;
    body: string;
  };
  assert.deepEqual([headers['x-role'], headers['x-user'], body], ['admin', undefined, 'body']);
});

test('a service that is silent, broken or gone refuses, unless it may fail', async () => {
  await using app = await namedUpstream('app');
  const service = httpService({
    serverUri: { uri: 'http://a', cluster: 'authz', timeout: '0.05s' },
  });
  await using silent = await rawUpstream(() => undefined);
  await using broken = await httpUpstream((_request, response) => {
    response.statusCode = 500;
    response.end();
  });
  for (const authz of [silent, broken, 1]) {
    await using strict = await start(app, authz, typed('http', service));
    assert.equal((await strict.fetch('/')).status, 403);
    await using lax = await start(
      app,
      authz,
      typed('http', { ...service, failureModeAllow: true }),
    );
    assert.equal(await (await lax.fetch('/')).text(), 'app');
    const stats = await (await lax.admin('/stats?filter=ext_authz')).text();
    assert.match(stats, /ext_authz\.failure_mode_allowed: 1\n/);
  }
});

test('the body goes along up to its bound, and to the upstream whole', async () => {
  await using app = await echo();
  const bodies: [string, unknown][] = [];
  await using authz = await httpUpstream((request, response) => {
    void bodyOf(request).then((body) => {
      bodies.push([body.toString(), request.headers['x-envoy-auth-partial-body']]);
      response.end();
    });
  });
  const filterFor = (allowPartialMessage: boolean): JsonObject =>
    typed('http', {
      ...httpService(),
      withRequestBody: { maxRequestBytes: 8, allowPartialMessage },
    });
  await using partial = await start(app, authz, filterFor(true));
  const send = async (running: typeof partial, body: string): Promise<string> => {
    const response = await running.fetch('/', { method: 'POST', body });
    return response.status === 200
      ? ((await response.json()) as { body: string }).body
      : String(response.status);
  };
  const long = 'x'.repeat(200_000);
  assert.equal(await send(partial, 'short'), 'short');
  assert.equal(await send(partial, long), long);
  assert.deepEqual(bodies, [
    ['short', 'false'],
    ['xxxxxxxx', 'true'],
  ]);
  await using whole = await start(app, authz, filterFor(false));
  assert.equal(await send(whole, long), '413');
});

interface GrpcAuthz extends AsyncDisposable {
  readonly port: number;
  readonly requests: CheckRequest[];
}

/** A stock gRPC server that decides with a function. */
const grpcAuthz = async (decide: (request: CheckRequest) => CheckResponse): Promise<GrpcAuthz> => {
  const requests: CheckRequest[] = [];
  const server = new grpc.Server();
  const check = {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: CheckRequest) => Buffer.from(toBinary(CheckRequestSchema, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(CheckRequestSchema, bytes),
    responseSerialize: (message: CheckResponse) =>
      Buffer.from(toBinary(CheckResponseSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(CheckResponseSchema, bytes),
  };
  server.addService(
    { check },
    {
      check: (
        call: grpc.ServerUnaryCall<CheckRequest, CheckResponse>,
        done: grpc.sendUnaryData<CheckResponse>,
      ) => {
        requests.push(call.request);
        done(null, decide(call.request));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
};

const header = (key: string, value: string) => ({ header: { key, value } });

const allowed = fromJson(CheckResponseSchema, {
  status: { code: 0 },
  okResponse: {
    headers: [
      header('x-role', 'admin'),
      header('content-length', '0'),
      header('transfer-encoding', 'x'),
    ],
    headersToRemove: ['x-user', 'host'],
    responseHeadersToAdd: [header('x-seen', 'yes')],
  },
});

const denied = fromJson(CheckResponseSchema, {
  status: { code: 7 },
  deniedResponse: {
    status: { code: 'TooManyRequests' },
    headers: [header('x-hint', 'no')],
    body: 'go away',
  },
});

test('over gRPC: the same, with everything the request says', async () => {
  await using app = await echo();
  await using authz = await grpcAuthz(({ attributes }) => {
    const isFriend = attributes?.request?.http?.headers['x-user'] === 'friend';
    return isFriend ? allowed : denied;
  });
  const service = { grpcService: { envoyGrpc: { clusterName: 'authz' }, timeout: '30s' } };
  await using running = await start(app, authz.port, typed('http', service), http2Protocol);
  const refused = await running.fetch('/p?q=1', { headers: { 'x-user': 'foe' } });
  assert.deepEqual(
    [refused.status, await refused.text(), refused.headers.get('x-hint')],
    [429, 'go away', 'no'],
  );
  const [request] = authz.requests;
  const http = request?.attributes?.request?.http;
  assert.deepEqual([http?.method, http?.path, http?.protocol], ['GET', '/p?q=1', 'HTTP/1.1']);
  assert.equal(http?.host, `127.0.0.1:${running.port}`);
  const source = request?.attributes?.source?.address?.address;
  assert.equal(source?.case === 'socketAddress' && source.value.address, '127.0.0.1');
  const taken = await running.fetch('/', {
    method: 'POST',
    body: 'body',
    headers: { 'x-user': 'friend' },
  });
  assert.equal(taken.headers.get('x-seen'), 'yes');
  const { headers, body } = (await taken.json()) as {
    headers: Record<string, string>;
    body: string;
  };
  assert.deepEqual([headers['x-role'], headers['x-user'], body], ['admin', undefined, 'body']);
  assert.notEqual(headers['host'], undefined);
});

test('connections are asked about before anything is connected', async () => {
  for (const code of [0, 7]) {
    let connections = 0;
    await using app = await rawUpstream((socket) => {
      connections++;
      socket.pipe(socket);
    });
    await using authz = await grpcAuthz(() => create(CheckResponseSchema, { status: { code } }));
    const base = tcpListenerJson({ cluster: 'app' });
    const [chain] = base['filterChains'] as [{ filters: JsonObject[] }];
    const gate = typed('network', {
      statPrefix: 'gate',
      grpcService: { envoyGrpc: { clusterName: 'authz' }, timeout: '30s' },
    });
    await using running = await runProxy({
      clusters: [clusterJson('app', [app.port]), clusterJson('authz', [authz.port], http2Protocol)],
      listeners: [{ ...base, filterChains: [{ ...chain, filters: [gate, ...chain.filters] }] }],
    });
    const client = await running.connect();
    client.send('hello');
    const bytes = await client.until((all) => all.length >= 5);
    client.close();
    assert.deepEqual([bytes.toString(), connections], code === 0 ? ['hello', 1] : ['', 0]);
  }
});

test('a client that leaves while the service thinks takes the question with it', async () => {
  let requests = 0;
  await using app = await httpUpstream((_request, response) => {
    requests++;
    response.end();
  });
  let asked: () => void = () => undefined;
  let closed: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  await using authz = await rawUpstream((socket) => {
    socket.once('data', asked);
    socket.once('end', closed);
    socket.resume();
  });
  const patient = httpService({ serverUri: { uri: 'http://a', cluster: 'authz', timeout: '30s' } });
  await using running = await start(app, authz, typed('http', patient));
  const client = await running.connect();
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await isAsked;
  client.close();
  await isClosed;
  assert.equal(requests, 0);
});

test('gRPC calls of every kind go on with their messages once they are allowed', async () => {
  await using app = await echoServer();
  let isAllowed = true;
  await using authz = await httpUpstream((request, response) => {
    request.resume();
    response.statusCode = isAllowed ? 200 : 403;
    // Late enough for the messages to be there, and held.
    setTimeout(() => response.end(), 20);
  });
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port], http2Protocol), clusterJson('authz', [authz.port])],
    routes: [routeTo('app')],
    manager: { httpFilters: httpFilters([typed('http', httpService())]) },
  });
  const client = grpcEcho(running.port);
  try {
    const answer = await client.unary('hello', {});
    assert.deepEqual([answer.code, answer.message], [0, 'hello']);
    assert.equal(await client.collect(['a', 'b', 'c']), 'abc');
    assert.deepEqual(await client.converse(['x', 'y']), ['x', 'y']);
    assert.equal((await client.unary('x'.repeat(300_000), {})).message?.length, 300_000);
    const { calls } = app;
    isAllowed = false;
    assert.equal((await client.unary('hello', {})).code, 7);
    assert.equal(app.calls, calls);
  } finally {
    client.close();
  }
});

test('upgrades and tunnels wait for the answer, and so do their first bytes', async () => {
  const seen: string[] = [];
  let isAnswered = false;
  await using app = await rawUpstream((socket) => {
    assert.ok(isAnswered, 'connected before the answer');
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      seen.push(text);
      if (text.startsWith('GET ')) {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
        );
      } else socket.end(`got ${text}`);
    });
  });
  await using authz = await httpUpstream((request, response) => {
    request.resume();
    setTimeout(() => {
      isAnswered = true;
      response.end();
    }, 20);
  });
  const connect = { upgradeType: 'CONNECT', connectConfig: {} };
  const upgrades = [{ upgradeType: 'websocket' }, { upgradeType: 'CONNECT' }];
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port]), clusterJson('authz', [authz.port])],
    routes: [
      { match: { connectMatcher: {} }, route: { cluster: 'app', upgradeConfigs: [connect] } },
      routeTo('app'),
    ],
    manager: {
      httpFilters: httpFilters([typed('http', httpService())]),
      upgradeConfigs: upgrades,
    },
  });
  const heads = [
    'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    'CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n',
  ];
  for (const head of heads) {
    isAnswered = false;
    const client = await running.connect();
    client.send(`${head}early`);
    assert.match(await client.untilText('got early'), /got early$/);
    client.close();
  }
  assert.equal(seen.filter((text) => text === 'early').length, 2);
});
